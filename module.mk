# The extension by PGXS: pg_notion.so from every src/**/*.cpp, one SQL script from every part in
# extension/. The Makefile calls this file, so that its other commands work before
# postgresql-server-dev is installed. Sources by wildcard: no lists to drift.
PG_CONFIG ?= pg_config
ifeq ($(shell command -v $(PG_CONFIG)),)
$(error $(PG_CONFIG) not found: install postgresql-server-dev, or run tools/install-deps build)
endif

EXTENSION := pg_notion
NOTION_VERSION := $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" pg_notion.control)
SCRIPT := $(EXTENSION)--$(NOTION_VERSION).sql
PARTS := $(sort $(wildcard extension/*.sql))
DATA := $(wildcard extension/upgrade/*.sql)
DATA_built := $(SCRIPT)

SOURCES := $(sort $(shell find src -name '*.cpp'))
MAJOR := $(shell $(PG_CONFIG) --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
OBJECTS_DIR := build/pg$(MAJOR)
MODULE_big := $(EXTENSION)
OBJS := $(SOURCES:%.cpp=$(OBJECTS_DIR)/%.o)

# curl, libcrypto and libmicrohttpd from the system; libstdc++ dynamic.
SHLIB_LINK := -Wl,--version-script=src/exports.map -Wl,--no-undefined-version \
              -lcurl -lcrypto -lmicrohttpd -lstdc++
EXTRA_CLEAN := $(SCRIPT) $(OBJECTS_DIR)

override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Only src/pg may see Postgres's headers, and as system headers. -fno-strict-aliasing and -fwrapv
# are what the server itself is built with, and its macros rely on them.
CCACHE := $(shell command -v ccache)
COMPILE := $(CCACHE) $(CXX) -std=c++20 -O2 -g -fPIC -Wall -Wextra $(if $(WERROR),-Werror) \
           -fno-strict-aliasing -fwrapv -fstack-protector-strong -U_FORTIFY_SOURCE \
           -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -DPG_NOTION_VERSION='"$(NOTION_VERSION)"' -Isrc -MMD -MP
$(OBJECTS_DIR)/src/pg/%.o: COMPILE += -isystem $(includedir_server)

$(OBJS): $(OBJECTS_DIR)/%.o: %.cpp module.mk pg_notion.control
	@mkdir -p $(@D)
	$(COMPILE) -c $< -o $@

$(shlib): src/exports.map

$(SCRIPT): $(PARTS) pg_notion.control
	@ls $(EXTENSION)--*.sql 2>/dev/null | grep -vx '$@' | xargs -r rm -f
	cat $(PARTS) >$@.tmp && mv $@.tmp $@

-include $(OBJS:.o=.d)
