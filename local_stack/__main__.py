"""`python -m local_stack`."""

from local_stack.command_line import main

if __name__ == "__main__":
    main()
