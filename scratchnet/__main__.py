"""`python -m scratchnet` is the command `scratchnet`."""

from scratchnet.cli import main

raise SystemExit(main())
