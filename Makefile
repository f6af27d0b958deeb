# The commands that people type. `make` and `make install` build and install the extension by PGXS
# (module.mk); everything else tests, measures or shows it, and installs nothing but what demo and
# check miss (tools/install-deps, before PGXS is read). Commands are small scripts in tools/.
.DEFAULT_GOAL := all
MODULE := $(MAKE) --no-print-directory -f module.mk
JOBS ?= $(shell nproc)
GENERATOR := $(if $(shell command -v ninja),-G Ninja)
WERROR ?=
# Two runs of make in one folder wait for each other here, not in the middle of a build.
LOCK := mkdir -p build && flock build/.lock

.PHONY: all install uninstall
all install uninstall:
	@$(LOCK) $(MODULE) -j$(JOBS) $@

# ---- see it --------------------------------------------------------------------------------------

.PHONY: demo
demo:
	@tools/install-deps demo
	@$(MAKE) --no-print-directory all emulator
	@tools/demo

# ---- what needs no PostgreSQL: library, unit tests, emulator, benchmarks, by CMake ---------------

build/configured: CMakeLists.txt
	@$(LOCK) cmake -S . -B build $(GENERATOR) >/dev/null && touch $@
build/sanitized/configured: CMakeLists.txt
	@rm -rf build/sanitized/CMakeCache.txt build/sanitized/CMakeFiles
	@$(LOCK) cmake -S . -B build/sanitized $(GENERATOR) -DCMAKE_CXX_COMPILER=clang++ \
	    -DSANITIZE=ON -DWERROR=ON >/dev/null && touch $@

.PHONY: emulator programs programs-sanitized
emulator: build/configured
	@$(LOCK) cmake --build build -j$(JOBS) --target notion-emulator
programs: build/configured
	@$(LOCK) cmake --build build -j$(JOBS)
programs-sanitized: build/sanitized/configured
	@$(LOCK) cmake --build build/sanitized -j$(JOBS)

# ---- test ----------------------------------------------------------------------------------------

# Everything that tests; ends in the totals. check-long adds what takes minutes each.
.PHONY: check check-long
check check-long:
	@tools/install-deps check
	@tools/check $(if $(filter check-long,$@),long)

.PHONY: wall format format-check cross
wall: all
	@tools/wall
format:
	@git ls-files -co --exclude-standard '*.cpp' '*.hpp' | xargs -r clang-format -i
format-check:
	@tools/test format
cross:
	@tools/cross

# Some of a suite: make tap ONLY=worker. VERBOSE=1 shows each assertion, KEEP=1 keeps the scratch
# folder, ACCEPT=1 takes the results of regress and isolation as expected.
.PHONY: unit emulator-unit tap regress isolation conformance
unit: programs programs-sanitized
	@tools/test unit $(ONLY)
	@tools/test unit-sanitized $(ONLY)
emulator-unit: programs programs-sanitized
	@tools/test emulator-unit $(ONLY)
	@tools/test emulator-unit-sanitized $(ONLY)
tap regress isolation: all emulator
	@tools/test $@ $(ONLY)
conformance: programs
	@tools/test conformance

# ---- measure -------------------------------------------------------------------------------------

.PHONY: bench fuzz
bench: programs
	@tools/bench $(ONLY)
fuzz: programs-sanitized
	@tools/fuzz $(ONLY)

# ---- the rest ------------------------------------------------------------------------------------

.PHONY: compile_commands.json clean
compile_commands.json: build/configured
	@tools/compile-commands >$@
clean:
	rm -rf build pg_notion.so pg_notion--*.sql compile_commands.json
