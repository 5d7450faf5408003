# Two commands do all their own set-up on a Debian-like machine with Python 3.11 and make.

PHOTOS ?= examples/photos
# Class names to offer; the example photos bring their own.
LABELS ?= $(if $(filter examples/photos,$(PHOTOS)),examples/labels.json)

.PHONY: help annotate test

help:
	@echo "make annotate                 annotate the example photos in the browser"
	@echo "make annotate PHOTOS=folder   annotate your own (LABELS=file offers class names)"
	@echo "make test                     lint, types and every test, the browser's included"

annotate:
	@scripts/setup.sh
	@.venv/bin/fullcanvas annotate "$(PHOTOS)" $(if $(LABELS),--labels "$(LABELS)")

test:
	@scripts/setup.sh dev,train,experiments
	@scripts/test.sh
