# make demo: try it · make test: set up and check everything · make check: the checks alone

BIN := .venv/bin
PYTEST := $(BIN)/pytest -n auto --no-loadscope-reorder
BENCHMARKS := main_job chat queue routing oncall email flood search
# Our own modules are compiled once, not by each of the many processes that the checks start.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: demo setup test check style types imports modules fmt fuzz bench soak vectors

demo: setup  ## a living sample company on 127.0.0.1:8000
	@exec $(BIN)/helpdesk demo

setup:  ## .venv with .venv/bin/helpdesk, and nothing else
	@tools/setup.sh

test:  ## what the checks need, then the checks
	@tools/setup.sh dev
	@tools/chromium.sh
	@$(MAKE) --no-print-directory check

check:  ## pytest last, so that its summary is the end of it
	@$(MAKE) --no-print-directory -j 2 style types imports modules
	HELPDESK_TEST_DATABASE_URL= $(PYTEST)
	@if [ -n "$$HELPDESK_TEST_DATABASE_URL" ]; then echo "Once more, on the given database:"; $(PYTEST); fi

style:
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet

types:
	$(BIN)/mypy --no-error-summary
	tools/types.sh

imports:
	$(BIN)/lint-imports --no-logo

modules:
	$(BIN)/node --test --test-reporter=dot --test-timeout=300000 "tests/browser_modules/**/*.test.mjs"

fmt:  ## puts the Python code into shape
	$(BIN)/ruff check --fix --quiet
	$(BIN)/ruff format --quiet

fuzz:  ## some thousand mutated mails: none may raise, take long, or be what cannot be stored
	@tools/setup.sh dev
	HELPDESK_FUZZ_ROUNDS=$(or $(ROUNDS),5000) $(BIN)/pytest -q --timeout 1200 tests/channels/email/test_poison.py -k mutated

bench:  ## each measured against its floor in the same run
	@tools/setup.sh dev
	@for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done

soak:  ## floods, then kills, stops and a bad network for a quarter of an hour; make soak WITH=--redis
	@tools/setup.sh dev
	@$(BIN)/python -m tests.soak $(WITH)

vectors:  ## expected answers from elsewhere against our own functions: make vectors FILE=rota.json
	@tools/setup.sh
	@$(BIN)/python -m tools.vectors $(FILE)
