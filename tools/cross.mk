# Compiles sources of the module without linking: CXX, OUT (folder), LAYERS (of src), and HEADERS
# (the server's include folder; only src/pg gets it). Called by tools/cross.
WERROR := 1
include tools/flags.mk
OBJECTS := $(patsubst %.cpp,$(OUT)/%.o,$(filter $(LAYERS:%=src/%/%),$(SOURCES)))

.PHONY: objects
objects: $(OBJECTS)

$(OUT)/src/pg/%.o: COMPILE_FLAGS += $(PG_FLAGS) -isystem $(HEADERS)
$(OBJECTS): $(OUT)/%.o: %.cpp tools/cross.mk tools/flags.mk pg_notion.control
	@mkdir -p $(@D)
	@$(CCACHE) $(CXX) $(COMPILE_FLAGS) -c $< -o $@

-include $(OBJECTS:.o=.d)
