// Buffer: records of {link, evidence, length, bytes}, appended to one block of memory that is
// written out to a temporary file each time it is full.
// Assumes: memory and file end with the top transaction, whoever aborts it.
// scope: transaction.
#include "pg/capture/buffer.hpp"

namespace notion::pg::capture {
namespace {

/// Enough for about 500,000 integer keys before a file is needed; grown by doubling.
constexpr Size memory_bytes_max = Size(8) * 1024 * 1024;
constexpr Size memory_bytes_first = 8192;

struct Record {
    int32 link;
    uint32 length : 24; ///< a key longer than 16 MB is refused when it is captured
    uint32 evidence : 8;
};
constexpr Size key_bytes_max = (Size(1) << 24) - 1;

char* memory;
Size used;
Size room;
Size last; ///< offset of the last record, to drop repetitions
int64 count;
BufFile* file;
int64 file_records;
bool renames;

void spill() {
    if (file == nullptr) {
        ResourceOwner owner = CurrentResourceOwner;
        MemoryContext context = MemoryContextSwitchTo(TopTransactionContext);
        CurrentResourceOwner = TopTransactionResourceOwner;
        file = BufFileCreateTemp(false);
        CurrentResourceOwner = owner;
        MemoryContextSwitchTo(context);
    }
    BufFileWrite(file, memory, used);
    file_records = count;
    used = last = 0;
}

void make_room(Size bytes) {
    if (used + bytes <= room)
        return;
    if (used > 0 && used + bytes > memory_bytes_max)
        spill();
    Size wanted = room == 0 ? memory_bytes_first : room;
    while (wanted < used + bytes)
        wanted *= 2;
    if (wanted == room)
        return;
    memory =
        static_cast<char*>(memory == nullptr ? MemoryContextAllocHuge(TopTransactionContext, wanted)
                                             : repalloc_huge(memory, wanted));
    room = wanted;
}

bool repeats_last(const Record& record, std::string_view key) {
    if (used == 0 || used - last != sizeof(Record) + key.size())
        return false;
    // Neighbours differ in their last byte most of the time.
    if (!key.empty() && memory[used - 1] != key.back())
        return false;
    return memcmp(memory + last, &record, sizeof(Record)) == 0 &&
           memcmp(memory + last + sizeof(Record), key.data(), key.size()) == 0;
}

void read_exactly(void* to, Size bytes) {
    if (BufFileRead(file, to, bytes) != bytes)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not read captured keys back from a temporary file")));
}

void walk_file(void (*visit)(void*, const Captured&), void* context) {
    if (BufFileSeek(file, 0, 0, SEEK_SET) != 0)
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not rewind the temporary file of captured keys")));
    StringInfoData key;
    initStringInfo(&key);
    for (int64 i = 0; i < file_records; i++) {
        Record record;
        read_exactly(&record, sizeof(record));
        resetStringInfo(&key);
        enlargeStringInfo(&key, int(record.length) + 1);
        read_exactly(key.data, record.length);
        visit(context, {record.link, Evidence(record.evidence), {key.data, record.length}});
    }
    pfree(key.data);
}

} // namespace

void add(int32 link, Evidence evidence, std::string_view key) {
    if (key.size() > key_bytes_max)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("key of a linked table is too long to be captured"),
                        errdetail("It may have %d bytes as text.", int(key_bytes_max)),
                        errhint("Link the table by a shorter key: notion.link(…, key => …).")));
    Record record = {};
    record.link = link;
    record.length = uint32(key.size());
    record.evidence = uint32(evidence);
    if (repeats_last(record, key))
        return;
    make_room(sizeof(Record) + key.size());
    last = used;
    memcpy(memory + used, &record, sizeof(Record));
    memcpy(memory + used + sizeof(Record), key.data(), key.size());
    used += sizeof(Record) + key.size();
    count++;
}

// Kept as writer, command, old key, NUL, new key.
constexpr Size rename_head = sizeof(TransactionId) + sizeof(CommandId);

void add_rename(int32 link, const Rename& rename) {
    const Size bytes = rename_head + rename.was.size() + 1 + rename.is.size();
    char* words = static_cast<char*>(palloc(bytes));
    memcpy(words, &rename.writer, sizeof rename.writer);
    memcpy(words + sizeof rename.writer, &rename.command, sizeof rename.command);
    memcpy(words + rename_head, rename.was.data(), rename.was.size());
    words[rename_head + rename.was.size()] = '\0';
    memcpy(words + rename_head + rename.was.size() + 1, rename.is.data(), rename.is.size());
    renames = true;
    add(link, Evidence::renamed, {words, bytes});
}

Rename rename_of(const Captured& captured) {
    Rename rename;
    memcpy(&rename.writer, captured.key.data(), sizeof rename.writer);
    memcpy(&rename.command, captured.key.data() + sizeof rename.writer, sizeof rename.command);
    const std::string_view keys = captured.key.substr(rename_head);
    const Size middle = keys.find('\0');
    rename.was = keys.substr(0, middle);
    rename.is = keys.substr(middle + 1);
    return rename;
}

int64 captured_count() {
    return count;
}

bool has_renames() {
    return renames;
}

void walk(void (*visit)(void*, const Captured&), void* context) {
    if (file != nullptr)
        walk_file(visit, context);
    for (Size at = 0; at < used;) {
        Record record;
        memcpy(&record, memory + at, sizeof(record));
        const char* key = memory + at + sizeof(Record);
        visit(context, {record.link, Evidence(record.evidence), {key, record.length}});
        at += sizeof(Record) + record.length;
    }
}

void shut() {
    if (file != nullptr)
        BufFileClose(file);
    forget();
}

void forget() {
    // The memory belongs to TopTransactionContext and the file to the transaction's resource owner.
    memory = nullptr;
    used = room = last = 0;
    count = file_records = 0;
    file = nullptr;
    renames = false;
}

} // namespace notion::pg::capture
