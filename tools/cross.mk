# Compiles sources without linking: CXX, OUT (folder), FILES, HEADERS (the server's include folder;
# only src/pg gets it). SYNTAX=1 looks only, which shows all of clang's warnings and most of g++'s
# in a third of the time; a stamp then stands for the object. Called by tools/cross.
WERROR := 1
include tools/flags.mk
OBJECTS := $(FILES:%.cpp=$(OUT)/%.o)
CACHE := $(if $(SYNTAX),,$(CCACHE))

.PHONY: objects
objects: $(OBJECTS)

$(OUT)/src/pg/%.o: COMPILE_FLAGS += $(PG_FLAGS) -isystem $(HEADERS)
$(OUT)/test/%.o: COMPILE_FLAGS += -Itest/unit -Itest/emulator \
                            -DNOTION_SOURCE_DIR='"."'
$(OBJECTS): $(OUT)/%.o: %.cpp tools/cross.mk tools/flags.mk pg_notion.control
	@mkdir -p $(@D)
	@$(CACHE) $(CXX) $(COMPILE_FLAGS) -MF $(@:.o=.d) -MT $@ \
	    $(if $(SYNTAX),-fsyntax-only $< && touch $@,-c $< -o $@)

-include $(OBJECTS:.o=.d)
