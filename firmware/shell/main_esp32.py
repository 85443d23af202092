"""`main.py` of an ESP32: MicroPython runs it after boot.py. Under CPython it does nothing."""

if __name__ == "__main__":
    from firmware.shell.run_esp32 import main

    main()
