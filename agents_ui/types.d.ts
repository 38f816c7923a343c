// The shapes that travel between server and workspace, as docs/protocol.md and the API describe them.

export interface Named { id: string; name: string }
export interface Actor { kind: "agent" | "contact" | "visitor" | "api_key" | "system"; id: string | null; name: string | null }
export type Channel = "chat" | "email" | "phone" | "api"
export type Status = "open" | "pending" | "snoozed" | "resolved" | "closed" | "merged"
export type View = "queue" | "mine" | "open" | "snoozed" | "pending" | "resolved"
export type Scope = Channel | null

export interface Contact { id: string; name: string | null; email: string | null; phone: string | null }
/** A contact as the API tells of it. */
export interface Known { id: string; name: string; identities: { kind: string; value: string; verified: boolean }[] }
export interface HeadStart { reason: string; name: string; minutes: number }
export interface WhyParts {
  metric: string | null
  due_at: string
  start_by: string
  handling_minutes: number
  head_start: HeadStart[]
}

export interface QueueRow {
  ticket_id: string
  number: number
  subject: string
  preview: string
  channel: Channel
  status: Status
  priority: number
  contact: Contact
  company: Named | null
  plan: Named | null
  left_out_plan: Named | null
  team: Named | null
  assignee: Named | null
  inbox: Named
  tags: string[]
  unread: boolean
  waiting_since: string | null
  due_at: string | null
  start_by: string | null
  rank_at: string | null
  last_message_at: string | null
  why: string
  why_parts: WhyParts | null
  snoozed_until: string | null
  version: number
  pool_id?: string
}
/** Pieces of a text; true where it is what was sought. */
export type Marked = [text: string, sought: boolean][]
/** A row of a search says what was found. */
export interface ListedTicket extends QueueRow {
  found?: {
    subject: Marked
    message: { id: string; kind: string; at: string; by: string; is_contact: boolean; text: Marked; files: Marked[] } | null
  }
}
/** Why "Next" does not give the reader the tickets of a pool. */
export interface OutOfReach { reason: "team" | "skill" | "language" | "room"; skills: string[] }

export interface Clock {
  metric: string
  target_seconds: number
  due_at: string | null
  running: boolean
  met_at: string | null
  breached_at: string | null
  calendar: string
  why?: WhyLine[]
}
/** One step of why a promise is due when it is. */
export interface WhyLine {
  kind: "counted" | "holiday" | "paused"
  from: string
  to: string | null
  seconds: number | null
  on?: string
  name?: string
}
export interface Alert {
  id: string
  state: string
  reason: string
  raised_at: string
  acknowledged_by: Named | null
  ticket?: { id: string; number: number; subject: string } | null
  ticket_id?: string
  details?: { subject?: string; body?: string; url?: string }
}
/** More is late than agents are online: claims then take what can still be met first. */
export interface Overload { on: boolean; late: number; online: number }
export interface Desk { agent: Named; state: "online" | "away" | "offline"; load: number; capacity: number }
export interface People { to: string[]; cc: string[]; bcc: string[] }
/** What an answer would have, as the server proposes it. */
export interface Answering {
  message: string | null
  sender: { name: string; address: string } | null
  to: string[]
  cc: string[]
  left_out: string[]
  undeliverable: string[]
  subject: string
  signature: string
}
/** A saved reply as it would be said on the ticket; `missing` placeholders are left in its body. */
export interface SavedReply { id: string; name: string; body: string; missing: string[]; personal: boolean; tags: string[]; resolves: boolean }
/** What is done to the ticket once what is written has been sent. */
export interface After { tags: string[]; resolves: boolean }
/** How an entry of the outbox leaves by mail. */
export interface MailWay {
  way: "reply" | "forward" | "follow_up"
  people: Partial<People>
  send_at?: string
  message?: string
  files?: string[]
  tags?: string[]
}
export interface MailOutage {
  inbox: string
  name: string
  address: string
  since: string | null
}
export interface HeldReply {
  id: string
  agent: Named
  body: string
  mail: { format?: string; to?: string[]; cc?: string[]; bcc?: string[]; way?: "forward" | "follow_up"; files?: string[] }
  files: number
  then: Status | null
  tags: string[]
  send_at: string
  state: "waiting" | "failed"
  reason: string | null
}
export interface Ticket extends Omit<QueueRow, "ticket_id" | "contact"> {
  policy: Named | null
  id: string
  visitor?: { page: string; attributes: Record<string, unknown>; answers: Record<string, string>; seen_at: string; blocked: boolean } | null
  impact: number
  urgency: number
  contact: Contact & {
    identities?: { kind: string; value: string; verified: boolean }[]
    locale?: string | null
    time_zone?: string | null
  }
  created_at: string
  resolved_at: string | null
  public_version: number
  clocks: Clock[]
  alerts: Alert[]
  held_replies?: HeldReply[]
}

export interface TicketEvent {
  version: number
  public_version?: number | null
  name: string
  id: string
  by: Actor
  at: string
  client_id?: string | null
  data: any
}
export interface Packet { ticket: string; epoch: string; prev: number; events: TicketEvent[] }
export interface Page { epoch: string; events: TicketEvent[]; head: number; more: boolean }

export interface Attachment { id: string; name: string; content_type: string; size: number; url?: string; content_id?: string }
export interface Upload extends Attachment { progress: number; failed?: string; key: string }

export interface Counts { [name: string]: number }
export interface Boot {
  me: { id: string; name: string; email: string; role: string; locale?: string; time_zone?: string }
  epoch: string
  csrf: string
  locale: string
  languages: [code: string, name: string][]
  server_now: string
  public_url: string
  demo: boolean
  build?: string
}
export interface TicketChange {
  status?: Status
  assignee_id?: string | null
  team_id?: string | null
  priority?: number
  tags?: string[]
  subject?: string
  snooze_until?: string
}
