"""The image-sized plane on which all logit maps are projected and compete."""
