"""The command `scratchnet gradcheck`: a user's layer, or every op of the engine."""
