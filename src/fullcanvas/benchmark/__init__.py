"""How fast the engine is on this machine, in milliseconds and as ratios measured in the same run."""
