// What loader.js is made of: its public calls, and what passes between the launcher and the chat's frame.

export interface Look { accent?: string; on?: string; scheme?: string; side?: string; zIndex?: string }
export interface Api {
  open(text?: string): void
  close(): void
  toggle(): void
  show(): void
  hide(): void
  identify(who: { id?: string; email?: string; name?: string; jwt?: string }): void
  setAttributes(values: Record<string, unknown>): void
  removeAttribute(name: string): void
  setLocale(locale: string): void
  setTheme(theme: Look): void
  prefill(text: string): void
  logout(): void
  destroy(): void
  on(name: string, listener: EventListener): void
  off(name: string, listener: EventListener): void
  readonly isOpen: boolean
  readonly unread: number
  readonly inbox: string
  popout(): void
  /** Told to whoever made the page, on the console and as the event `error`. */
  fail(problem: string): void
  setConversationAttributes(values: Record<string, unknown>): void
  addTag(tag: string, how?: "add" | "delete"): void
  removeTag(tag: string): void
  track(name: string, data?: unknown): void
}
/** What the frame says, each with one value. */
export interface Heard {
  close(): void
  event(event: [name: string, detail?: unknown]): void
  theme(look: Look): void
  active(active: boolean): void
  unread(count: number): void
  gone(): void
}
/** What the frame is told as soon as it listens. */
export interface Told {
  locale: string
  theme: Look
  page?: string
  open?: boolean | "quiet"
  identify?: object
  attributes?: object
  prefill?: string
  logout?: true | null
}
export type Make = (name: string, attributes?: object, namespace?: string) => any
export type Listen = (target: EventTarget | null, names: string, act: (event: any) => void) => void
declare global {
  interface Window { Helpdesk?: any }
}
