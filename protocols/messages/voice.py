"""The voice: one announcement at a time, in order."""

from protocols.fields import Flag, Int, Text
from protocols.messages.node import JOB_ID
from protocols.wire import Message


class VoiceJob(Message):
    """down/cmd: speak "请 number 号到 window 号窗口" once; `again` for a repeated call."""

    KIND = "voice_job"
    FIELDS = (
        ("id", JOB_ID),
        ("ttl_ms", Int(0, 0x7FFFFFFF)),
        ("number", Text(4, 1)),
        ("window", Text(8, 1)),
        ("again", Flag()),
    )
