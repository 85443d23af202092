"""The words between a logic, its node and its drivers: events in, effects out. All are tuples.

`logic.step(now_ms, event)` returns the effects in the order they are to be applied;
`logic.wake_at()` says at which tick it wants a ("tick",) at the latest, or None.

Events of every kind of node:
  ("restore", values, reports)  once, before start: what ("store", ...) kept {key: bytes}, and the
                                reports of earlier boots that are still unsettled
  ("start",)                    begin; key levels told before this are keys held down at boot
  ("tick",)                     time has passed
  ("want", message)             a newer desired picture
  ("lease", fresh)              whether the gateway has been heard lately
  ("link", up)                  whether the broker is connected and subscribed
  ("ack", ack, report)          the gateway settled this report (the same object that was reported)
  ("full", report)              the outbox was full: the report is refused and will not be sent
  ("job", message)              print or speak this, once
  ("identify", duration_ms, node)  show for so long which node this is; `node` is its id
Events of devices:
  ("key", index, level)         a raw edge, 1 is down; bounce and all (pad 0..8, rating 0..4)
  ("touch", service_code)       kiosk
  ("printer", paper, cover, fault)  what the printer says of itself, words of PrinterChanged
  ("sending", job_id)           bytes of this ticket are still going to the printer (a slow line)
  ("printed", job_id)           the printer confirmed that this ticket is complete
  ("spoken", job_id)            the announcement or the chime has ended
Effects:
  ("report", message)           to the outbox; comes back as ack or full
  ("store", key, value)         keep `value` (bytes) over a power cut. It must be durable before any
                                later effect of the list is applied and before any byte is sent.
  ("log", level, text)          tell the technician; a level of NodeLog, at most 200 bytes
  ("display", text)             pad: exactly four characters, shown as they are
  ("light", pattern)            pad, PAD_LIGHTS
  ("beep", kind)                pad, PAD_BEEPS
  ("rows", mode, rows, page, waiting, notice)  wall; see firmware.logic.wall
  ("sign", mode, number, window)  window sign: a window mode, "stale", or "identify" with the node
                                as number
  ("lamp", colour)              a colour of LAMP_COLOURS, now
  ("screen", mode, detail, paper)  kiosk; see firmware.logic.ticket
  ("print", job)                hand this ticket to the printer
  ("speak", job_id, number, window, again)  say this now; nothing else is being said
  ("chime", job_id)             voice: a short sound, now, by which it is found; likewise
  ("face", mode, number, officer, grade)  rating pad; see firmware.logic.rating
"""

RESTORE = "restore"
START = "start"
TICK = "tick"
WANT = "want"
LEASE = "lease"
LINK = "link"
ACK = "ack"
FULL = "full"
JOB = "job"
IDENTIFY = "identify"
KEY = "key"
TOUCH = "touch"
PRINTER = "printer"
SENDING = "sending"
PRINTED = "printed"
SPOKEN = "spoken"

REPORT = "report"
STORE = "store"
LOG = "log"
DISPLAY = "display"
LIGHT = "light"
BEEP = "beep"
ROWS = "rows"
SIGN = "sign"
LAMP = "lamp"
SCREEN = "screen"
PRINT = "print"
SPEAK = "speak"
CHIME = "chime"
FACE = "face"

PAD_LIGHTS = (
    "off",  # closed window
    "ready",  # open, nobody called
    "call",  # called, not yet come
    "busy",  # serving
    "paused",
    "help",
    "sent",  # pressed, not yet settled
    "done",
    "refused",
    "stale",
    "offline",
    "identify",
)
PAD_BEEPS = ("key", "refused", "identify")
SCREEN_MODES = (
    "ready",
    "reserve",
    "asking",
    "printing",
    "printed",
    "paper_out",
    "offline",
    "closed",
    "refused",
    "identify",
)
FACE_MODES = ("closed", "open", "thanks", "refused", "offline", "identify")
STALE = "stale"
LIVE = "live"
