"""How good a model is: metrics, protocols, baselines, tables and figures (section 5 of the paper)."""
