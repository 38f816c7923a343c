// What vendor/socket.io.esm.min.js exports, as far as this project uses it.

export interface SocketOptions {
  path?: string
  transports?: string[]
  auth?: Record<string, unknown> | ((answer: (auth: Record<string, unknown>) => void) => void)
  autoConnect?: boolean
  forceNew?: boolean
  multiplex?: boolean
  reconnection?: boolean
  timeout?: number
  withCredentials?: boolean
}

export interface Socket {
  readonly connected: boolean
  readonly id: string | undefined
  readonly io: { engine?: { close(): void; transport?: { name: string } } }
  auth: SocketOptions["auth"]
  connect(): this
  disconnect(): this
  close(): this
  on(event: string, listener: (...args: any[]) => void): this
  once(event: string, listener: (...args: any[]) => void): this
  off(event?: string, listener?: (...args: any[]) => void): this
  onAny(listener: (event: string, ...args: any[]) => void): this
  removeAllListeners(event?: string): this
  emit(event: string, ...args: any[]): this
  emitWithAck(event: string, ...args: any[]): Promise<any>
  timeout(ms: number): Socket
  volatile: Socket
}

export function io(address: string, options?: SocketOptions): Socket
export function io(options?: SocketOptions): Socket
