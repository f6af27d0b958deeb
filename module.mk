# The extension by PGXS: pg_notion.so from every src/**/*.cpp, one SQL script from every part in
# extension/. The Makefile calls this file, so that its other commands work before
# postgresql-server-dev is installed. Sources by wildcard: no lists to drift.
PG_CONFIG ?= pg_config
ifeq ($(shell command -v $(PG_CONFIG)),)
$(error $(PG_CONFIG) not found: install postgresql-server-dev, or run tools/install-deps build)
endif
include tools/flags.mk

EXTENSION := pg_notion
SCRIPT := $(EXTENSION)--$(NOTION_VERSION).sql
PARTS := $(sort $(wildcard extension/*.sql))
DATA := $(wildcard extension/upgrade/*.sql)
DATA_built := $(SCRIPT)

MAJOR := $(shell $(PG_CONFIG) --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
OBJECTS_DIR := build/pg$(MAJOR)
MODULE_big := $(EXTENSION)
OBJS := $(SOURCES:%.cpp=$(OBJECTS_DIR)/%.o)

# curl, libcrypto, libmicrohttpd and md4c from the system; libstdc++ dynamic.
SHLIB_LINK := -Wl,--version-script=src/exports.map -lcurl -lcrypto -lmicrohttpd -lmd4c \
              -lstdc++
EXTRA_CLEAN := $(SCRIPT) $(OBJECTS_DIR) build/linked

override with_llvm := no
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# Only src/pg may see Postgres's headers, and as system headers.
$(OBJECTS_DIR)/src/pg/%.o: COMPILE_FLAGS += $(PG_FLAGS) -isystem $(includedir_server)
$(OBJS): $(OBJECTS_DIR)/%.o: %.cpp module.mk tools/flags.mk pg_notion.control
	@mkdir -p $(@D)
	@echo '$(CXX) -c $<'
	@$(CCACHE) $(CXX) $(COMPILE_FLAGS) -c $< -o $@

# The library is linked again when a source went away, and for another PostgreSQL.
build/linked: FORCE
	@mkdir -p $(@D)
	@echo '$(OBJS)' | cmp -s - $@ || echo '$(OBJS)' >$@
$(shlib): src/exports.map build/linked

$(SCRIPT): $(PARTS) extension pg_notion.control
	@ls $(EXTENSION)--*.sql 2>/dev/null | grep -vx '$@' | xargs -r rm -f
	cat $(PARTS) >$@.tmp && mv $@.tmp $@

.PHONY: FORCE
.SILENT: $(shlib) $(SCRIPT)
-include $(OBJS:.o=.d)
