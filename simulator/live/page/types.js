/**
 * What the server sends: one frame is the whole hall. `simulator/live/frame.py` writes it.
 *
 * @typedef {{online: boolean, fresh: boolean, cable: boolean}} Node
 *   `cable` false: the network cable is pulled; `fresh` false: the device itself says it is stale.
 * @typedef {Node & {width: number, height: number, brightness: number, bits: string}} Leds
 *   `bits`: base64, one bit per LED, rows from the top, most significant bit on the left.
 * @typedef {Node & {segments: number[], text: string, light: string, keys: boolean[],
 *   refused: number}} Pad
 *   `segments` bit 0 is segment a; `keys` are down now; `refused` counts refusing beeps.
 * @typedef {Node & {colour: string, lit: boolean, blinking: boolean}} Lamp
 * @typedef {Node & {mode: string, number: string, officer: string, grade: number,
 *   keys: boolean[]}} Rating
 * @typedef {{id: string, label: string, services: string[], suggested: string,
 *   sign: Leds, pad: Pad, lamp: Lamp, rating: Rating}} Window
 * @typedef {{version: string, number: string, copy: number, width: number, height: number,
 *   url: string}} Paper
 * @typedef {{code: string, zh: string, en: string, waiting: number}} KioskService
 * @typedef {Node & {node: string, mode: string, detail: string[], services: KioskService[],
 *   paper: string, cover: string, busy: boolean, ticket: Paper | null}} Kiosk
 *   `services`: the buttons as last shown; `mode` and `detail`: the screen now.
 * @typedef {{job: string, number: string, window: string, again: boolean, tokens: string[],
 *   starts_ms: number[], started_ms: number, length_ms: number}} Announcement
 * @typedef {Node & {playing: Announcement | null, last: Announcement | null}} Voice
 * @typedef {{id: number, at_ms: number, kind: "fault" | "heal" | "info", zh: string,
 *   en: string}} Entry
 * @typedef {{phase: string, arrived: number, planned: number}} Day
 * @typedef {{id: number, now_ms: number, hall_ms: number | null, rate: number,
 *   clock_rate: number, paused: boolean,
 *   mode: "hand" | "day", day: Day, utc_offset_ms: number,
 *   gateway: "up" | "down" | "starting", gateway_starts: number, view_age_ms: number,
 *   broker: "up" | "down", broker_back_ms: number,
 *   hall: Record<string, string>, view: View | null, wall: Leds, windows: Window[],
 *   kiosk: Kiosk, voice: Voice, log: Entry[]}} Frame
 *
 * The gateway's own account of the hall (`hall_view` of its REST interface), passed on unchanged:
 * @typedef {{code: string, prefix: string, name_zh: string, name_en: string, waiting: number,
 *   served: number, oldest_wait_ms: number}} ServiceView
 * @typedef {{id: string, label: string, mode: string,
 *   officer: {staff_number: string, name: string} | null, number: string,
 *   service: string | null, help: boolean, overtime: string, waiting: number,
 *   held: {number: string}[]}} WindowView
 * @typedef {{issued: number, served: number, missed: number, waiting: number,
 *   average_wait_ms: number | null, ratings: {count: number, average: number | null}}} Totals
 * @typedef {{seq: number, date: string, services: ServiceView[], windows: WindowView[],
 *   waiting: {ticket: string, number: string, service: string}[],
 *   missed: {ticket: string, number: string}[],
 *   calls: {number: string, window: string}[], announcements: {number: string}[],
 *   totals: Totals}} View
 */
export {};
