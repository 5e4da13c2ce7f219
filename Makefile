# Every target is one line: an npm script, or one of the programs. `make help` lists them.
INSTALLED := node_modules/.package-lock.json

.DEFAULT_GOAL := help
.PHONY: setup demo demo-stop master slave sync sync-dry-run status reset logs migrate check test clean help

setup: $(INSTALLED) ## install what the project needs

# npm writes this file at the end of each installation, so it tells when the lock file has changed since.
$(INSTALLED): package-lock.json
	npm ci && touch $@

demo: $(INSTALLED) ## a master and four shops with real sales, here; KEEP=1 leaves them running
	KEEP=$(KEEP) npm run --silent demo

demo-stop: $(INSTALLED) ## stop what `make demo KEEP=1` left running
	npm run --silent demo:stop

master: $(INSTALLED) ## start a master
	npx master start

slave: $(INSTALLED) ## start a slave that syncs at its interval
	npx slave start

sync: $(INSTALLED) ## sync once, now
	npx slave sync:run

sync-dry-run: $(INSTALLED) ## show what a sync would send and bring
	npx slave sync:run --dry-run

status: $(INSTALLED) ## show the slave's sync status
	npx slave sync:status

reset: $(INSTALLED) ## make a backup, keep unsent work, load everything else anew
	npx slave sync:reset

logs: $(INSTALLED) ## show the slave's log
	npx slave logs

migrate: $(INSTALLED) ## prepare both databases
	npx master db:migrate && npx slave db:migrate

check: $(INSTALLED) ## format, lint, types, architecture, dead code, docs
	npm run --silent check

test: $(INSTALLED) ## all tests, with a PostgreSQL of their own
	npm test

clean: ## remove what can be made again; data in storage/ stays
	rm -rf node_modules dist coverage

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
