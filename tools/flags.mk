# How every source of the module is compiled, by whatever compiler, against whatever headers.
# -fno-strict-aliasing and -fwrapv are what the server is built with, and its macros rely on them.
NOTION_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_notion.control)
CCACHE := $(shell command -v ccache)
COMPILE_FLAGS := -std=c++20 -O2 -g -fPIC -Wall -Wextra $(if $(WERROR),-Werror) \
                 -fno-strict-aliasing -fwrapv -fstack-protector-strong -U_FORTIFY_SOURCE \
                 -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -DPG_NOTION_VERSION='"$(NOTION_VERSION)"' \
                 -Isrc -MMD -MP
SOURCES := $(sort $(shell find src -name '*.cpp'))
# HOLD_INTERRUPTS and the like increment volatile variables, which C++20 deprecates.
PG_FLAGS := -Wno-deprecated-volatile
