# Every target says what it does and installs what it needs. The work is in end2end/tools.
.DEFAULT_GOAL := help
.PHONY: help run dev test bench mutants fmt doctor tools build screenshots

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: ## build the release and serve it with demo data on http://127.0.0.1:3000
	@end2end/tools/run.sh

test: ## every gate: format, licences, lints, Rust tests on SQLite and PostgreSQL, Chromium with and without script
	@end2end/tools/test.sh

dev: ## serve unoptimised, rebuild and reload on change
	@end2end/tools/dev.sh

bench: ## measure the release: start, memory, rendering, added latency, bytes
	@end2end/tools/bench.sh

mutants: ## change the accounting's code in hundreds of places, one at a time, and see that a test fails each time
	@end2end/tools/mutants.sh

build: ## build the release only
	@end2end/tools/prepare.sh build
	@end2end/tools/build.sh release

fmt: ## format the Rust code
	@cargo fmt --all

tools: ## install what building and testing need
	@end2end/tools/prepare.sh test

doctor: ## tell what this machine has and lacks, and how the server's set-up looks
	@end2end/tools/doctor.sh

screenshots: ## pictures of the running product, for the README
	@end2end/tools/test.sh screenshots
