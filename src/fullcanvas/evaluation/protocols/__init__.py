"""How other systems count clicks, so that their numbers can stand beside ours."""
