# Two commands do all their own set-up on a Debian-like machine with Python 3.11 and make.

PHOTOS ?= examples/photos
# Class names to offer; the example photos bring their own.
LABELS ?= $(if $(filter examples/photos,$(PHOTOS)),examples/labels.json)

MODEL ?= default

.PHONY: help annotate test attack soak audit benchmark

help:
	@echo "make annotate                 annotate the example photos in the browser"
	@echo "make annotate PHOTOS=folder   annotate your own (LABELS=file offers class names)"
	@echo "make test                     lint, types and every test, the browser's included"
	@echo "make attack                   kill the server 1,000 times; 1,000 requests and damaged files of each kind"
	@echo "make soak                     an hour of simulated annotators"
	@echo "make audit                    known vulnerabilities of the packages that are installed"
	@echo "make benchmark                how fast the engine is here; fails past the bounds on its ratios (MODEL=file)"

annotate:
	@scripts/setup.sh
	@.venv/bin/fullcanvas annotate "$(PHOTOS)" $(if $(LABELS),--labels "$(LABELS)")

test:
	@scripts/setup.sh dev,train,experiments
	@scripts/test.sh

attack:
	@scripts/setup.sh dev,train,experiments
	@FULLCANVAS_CRASHES=1000 FULLCANVAS_EXAMPLES=1000 .venv/bin/python -m pytest -s \
		tests/server/test_crash.py tests/server/test_described_requests.py tests/server/test_damaged_files.py

soak:
	@scripts/setup.sh dev,train,experiments
	@FULLCANVAS_SOAK=3600 .venv/bin/python -m pytest -s tests/server/test_soak.py

audit:
	@scripts/setup.sh dev,train,experiments
	@.venv/bin/python scripts/audit.py

benchmark:
	@scripts/setup.sh train,experiments
	@.venv/bin/python benchmarks/ratios.py --model "$(MODEL)"
