// What vendor/ui.js exports: Preact, its hooks, signals and htm, as far as this project uses them.

export type Key = string | number
export interface VNode<P = any> { type: any; props: P; key: Key | null }
export type Child = VNode | string | number | bigint | boolean | null | undefined | ReadonlySignal<any> | Child[]
export type FunctionComponent<P = any> = (props: P) => Child

export function h(type: any, props?: any, ...children: any[]): VNode
export function html(strings: TemplateStringsArray, ...values: any[]): any
export function render(child: Child, parent: Element | DocumentFragment): void
export function cloneElement(node: VNode, props?: any, ...children: any[]): VNode
export const Fragment: FunctionComponent

export class Component<P = any, S = any> {
  constructor(props?: P)
  props: P
  state: S
  base?: Element
  setState(change: Partial<S> | ((state: S) => Partial<S>)): void
  forceUpdate(): void
  render(props: P, state: S): Child
}

export interface Ref<T> { current: T }
export function createRef<T = any>(): Ref<T | null>
export interface Context<T> { Provider: FunctionComponent<{ value: T; children?: any }> }
export function createContext<T>(initial: T): Context<T>

export function useState<T>(initial: T | (() => T)): [T, (next: T | ((before: T) => T)) => void]
export function useReducer<S, A>(reducer: (state: S, action: A) => S, initial: S): [S, (action: A) => void]
export function useEffect(effect: () => void | (() => void), inputs?: readonly any[]): void
export function useLayoutEffect(effect: () => void | (() => void), inputs?: readonly any[]): void
export function useRef<T>(initial: T): Ref<T>
export function useRef<T>(initial: T | null): Ref<T | null>
export function useRef<T>(): Ref<T | undefined>
export function useMemo<T>(make: () => T, inputs?: readonly any[]): T
export function useCallback<F extends (...args: any[]) => any>(callback: F, inputs?: readonly any[]): F
export function useContext<T>(context: Context<T>): T
export function useId(): string

export interface ReadonlySignal<T> {
  readonly value: T
  peek(): T
  subscribe(listener: (value: T) => void): () => void
}
export interface Signal<T> extends ReadonlySignal<T> { value: T }
export function signal<T>(value: T): Signal<T>
export function signal<T = undefined>(): Signal<T | undefined>
export function computed<T>(compute: () => T): ReadonlySignal<T>
export function effect(run: () => void | (() => void)): () => void
export function batch<T>(run: () => T): T
export function untracked<T>(run: () => T): T
export function useSignal<T>(initial: T): Signal<T>
export function useComputed<T>(compute: () => T): ReadonlySignal<T>
export function useSignalEffect(run: () => void | (() => void)): void
