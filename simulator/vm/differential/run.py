"""What is driven: a name, its driver, how it is called. Runs on both sides. MicroPython subset."""

from simulator.vm.differential.chance import Chance

LOGICS = ("pad", "wall", "sign", "lamp", "ticket", "voice", "rating")
SUBJECTS = tuple(["logic:" + kind for kind in LOGICS])
SUBJECTS += ("wire:all", "outbox:all", "mqtt:codec", "mqtt:session")
SUBJECTS += tuple(["node:" + kind for kind in LOGICS])
SUBJECTS += ("update:session", "update:lms")


def run(subject: str, seed: int, steps: int, say) -> None:
    """Drive a subject; `say(line)` takes each line."""
    driver, what = subject.split(":")
    chance = Chance(seed)
    # Only what is needed is imported: it has to fit into a small heap.
    if driver == "logic":
        from simulator.vm.differential import drive_logic

        drive_logic.drive(what, chance, steps, say)
    elif driver == "wire":
        from simulator.vm.differential import drive_wire

        drive_wire.drive(what, chance, steps, say)
    elif driver == "outbox":
        from simulator.vm.differential import drive_outbox

        drive_outbox.drive(what, chance, steps, say)
    elif driver == "mqtt":
        from simulator.vm.differential import drive_mqtt

        drive_mqtt.drive(what, chance, steps, say)
    elif driver == "update":
        from simulator.vm.differential import drive_update

        drive_update.drive(what, chance, steps, say)
    else:
        from simulator.vm.differential import drive_node

        drive_node.drive(what, chance, steps, say)
