// The keys that seal secrets: see the header. scope: backend.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/postgres.hpp"

#include "pg/key.hpp"
#include "pg/raise.hpp"
#include "pg/settings.hpp"

namespace notion::pg {
namespace {

// The key in use, and those that it follows: changes of keys are rare, and end with rotate_key.
constexpr int keys_max = 8;
constexpr size_t text_bytes_max = 4096;
constexpr const char* how_to_make = "Make one with: openssl rand -hex 32";

struct Ring {
    bridge::SealKey keys[keys_max];
    int count; ///< 0: not read
    char source[MAXPGPATH];
    bool is_command;
    TimestampTz reloaded; ///< PgReloadTime when it was read
    struct stat file;
};
Ring ring;

[[noreturn]] void refuse_file(const char* path, const char* why, const char* hint) {
    ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR), errmsg("key file \"%s\" %s", path, why),
                    errhint("%s", hint)));
    pg_unreachable();
}

/// As PostgreSQL asks of ssl_key_file: ours and nobody else's, or root's and readable by our group.
void check_file(const char* path, const struct stat& file) {
    if (!S_ISREG(file.st_mode))
        refuse_file(path, "is not a regular file", how_to_make);
    if (file.st_uid != geteuid() && file.st_uid != 0)
        refuse_file(path, "belongs to somebody else",
                    "It must belong to the account that runs the server, or to root.");
    const mode_t others =
        file.st_uid == 0 && geteuid() != 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;
    if ((file.st_mode & others) != 0)
        refuse_file(path, "can be read by others than the server",
                    "chmod 600 if it belongs to the server's account, 640 if it is root's.");
}

/// Opened once and looked at through the descriptor: what is checked is what is read.
size_t read_file(const char* path, char* out, struct stat& file) {
    int fd = OpenTransientFile(path, O_RDONLY | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &file) != 0)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not open key file \"%s\": %m", path),
                 errhint("notion.key_file names it; without it no token can be opened. %s",
                         how_to_make)));
    check_file(path, file);
    ssize_t bytes = read(fd, out, text_bytes_max);
    CloseTransientFile(fd);
    if (bytes < 0)
        ereport(ERROR,
                (errcode_for_file_access(), errmsg("could not read key file \"%s\": %m", path),
                 errhint("notion.key_file names it. %s", how_to_make)));
    return static_cast<size_t>(bytes);
}

const char* words_of(bridge::KeyText problem) {
    switch (problem) {
    case bridge::KeyText::empty:
        return "holds no key";
    case bridge::KeyText::wrong_length:
        return "holds a key of the wrong length";
    case bridge::KeyText::too_many:
        return "holds too many keys";
    default:
        return "holds something that is no key";
    }
}

void forget() {
    explicit_bzero(&ring, sizeof ring);
}

bool same_file(const struct stat& one, const struct stat& other) {
    return one.st_ino == other.st_ino && one.st_dev == other.st_dev &&
           one.st_size == other.st_size && one.st_mode == other.st_mode &&
           one.st_uid == other.st_uid && one.st_mtim.tv_sec == other.st_mtim.tv_sec &&
           one.st_mtim.tv_nsec == other.st_mtim.tv_nsec;
}

bool is_fresh(const char* source, bool is_command) {
    if (ring.count == 0 || ring.reloaded != PgReloadTime || ring.is_command != is_command ||
        strcmp(ring.source, source) != 0)
        return false;
    struct stat now;
    return is_command || (stat(source, &now) == 0 && same_file(now, ring.file));
}

void read_ring(const char* source, bool is_command) {
    static char text[text_bytes_max]; // static: an error must not leave a key on the stack
    explicit_bzero(text, sizeof text);
    forget();
    size_t bytes = is_command ? run_key_command(source, text, sizeof text)
                              : read_file(source, text, ring.file);
    bridge::Fault fault;
    int count = 0;
    bridge::KeyText read = bridge::seal_keys({text, bytes}, ring.keys, keys_max, count, fault);
    explicit_bzero(text, sizeof text);
    if (fault.set)
        raise(fault);
    if (read != bridge::KeyText::good)
        ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
                        is_command ? errmsg("what notion.key_command writes %s", words_of(read))
                                   : errmsg("key file \"%s\" %s", source, words_of(read)),
                        errdetail("It must hold one key a line, each of 64 hexadecimal digits."),
                        errhint("%s", how_to_make)));
    strlcpy(ring.source, source, sizeof ring.source);
    ring.is_command = is_command;
    ring.reloaded = PgReloadTime;
    ring.count = count;
}

void load() {
    const bool has_file = settings::key_file != nullptr && *settings::key_file != '\0';
    const bool has_command = settings::key_command != nullptr && *settings::key_command != '\0';
    if (has_file && has_command)
        ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
                        errmsg("notion.key_file and notion.key_command exclude each other"),
                        errhint("Reset one of them, and reload.")));
    if (!has_file && !has_command)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("no key to seal secrets with"),
                        errdetail("Neither notion.key_file nor notion.key_command is set."),
                        errhint("openssl rand -hex 32 >FILE; chmod 600 FILE; then ALTER SYSTEM SET "
                                "notion.key_file = 'FILE' and SELECT pg_reload_conf().")));
    const char* source = has_file ? settings::key_file : settings::key_command;
    if (strlen(source) >= sizeof ring.source)
        ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
                        errmsg("notion.%s is too long", has_file ? "key_file" : "key_command"),
                        errdetail("It may have %zu bytes.", sizeof ring.source - 1),
                        errhint("Name a file, or a script, by a shorter path.")));
    if (!is_fresh(source, has_command))
        read_ring(source, has_command);
}

const bridge::SealKey* look(std::string_view id) {
    for (const bridge::SealKey& key : std::span(ring.keys, static_cast<size_t>(ring.count)))
        if (id == key.id)
            return &key;
    return nullptr;
}

} // namespace

std::span<const bridge::SealKey> seal_keys() {
    load();
    return {ring.keys, static_cast<size_t>(ring.count)};
}

const bridge::SealKey* find_key(std::string_view id) {
    load();
    const bridge::SealKey* found = look(id);
    if (found != nullptr)
        return found;
    forget(); // another session may have sealed with a key that is newer than what we read
    load();
    return look(id);
}

bool has_key_setting() {
    return (settings::key_file != nullptr && *settings::key_file != '\0') ||
           (settings::key_command != nullptr && *settings::key_command != '\0');
}

} // namespace notion::pg
