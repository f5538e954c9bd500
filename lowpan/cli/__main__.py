"""`python -m lowpan.cli`: the command line."""

from lowpan.cli import main

if __name__ == "__main__":
    main()
