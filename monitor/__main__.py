"""`python -m monitor` -> the command `monitor`.  Never does anything itself."""

from monitor.cli import main

if __name__ == "__main__":
    main()
