# The commands that people type. `make` and `make install` build and install the extension by PGXS
# (module.mk); everything else tests, checks or shows it, and installs nothing but packages.
.DEFAULT_GOAL := all
MODULE := $(MAKE) --no-print-directory -f module.mk

.PHONY: all install uninstall
all install uninstall:
	@$(MODULE) $@

.PHONY: tap regress isolation
tap regress isolation: all
	@tools/test $@

.PHONY: clean
clean:
	rm -rf build build-* pg_notion.so pg_notion--*.sql
