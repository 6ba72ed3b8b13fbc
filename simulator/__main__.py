"""`python -m simulator`."""

from simulator.command_line import main

if __name__ == "__main__":
    main()
