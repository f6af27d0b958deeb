// Runs notion.key_command: a child of our own, so that waiting for it can be cancelled, and so that
// it does not outlive the statement. Assumes the setting comes from a superuser (PGC_SIGHUP).
// What it writes is shown nowhere; what it says on stderr goes to the server's. scope: call.
#include <csignal>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "pg/postgres.hpp"

#include "pg/key.hpp"
#include "pg/wait.hpp"

namespace notion::pg {
namespace {

constexpr int64_t patience_ms = 10'000;

struct Child {
    pid_t pid;
    int fd;
};

[[noreturn]] void refuse(const char* why) {
    ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR), errmsg("notion.key_command %s", why),
                    errhint("It must write the key, 64 hexadecimal digits, and end within ten "
                            "seconds with exit code 0. What it says on stderr stands in the "
                            "server's log.")));
    pg_unreachable();
}

Child start(const char* command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0)
        ereport(ERROR, (errcode_for_socket_access(), errmsg("could not create a pipe: %m")));
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigset_t all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    // A group of its own: what the shell started ends with it.
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                              POSIX_SPAWN_SETSIGDEF);
    char shell[] = "sh";
    char flag[] = "-c";
    char* arguments[] = {shell, flag, const_cast<char*>(command), nullptr};
    Child child = {0, ends[0]};
    int problem = posix_spawn(&child.pid, "/bin/sh", &actions, &attributes, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    close(ends[1]);
    if (problem != 0) {
        close(ends[0]);
        errno = problem;
        ereport(ERROR, (errcode(ERRCODE_CONFIG_FILE_ERROR),
                        errmsg("could not run notion.key_command: %m")));
    }
    return child;
}

size_t read_all(int fd, char* out, size_t max) {
    const int64_t deadline_ms = steady_ms() + patience_ms;
    fcntl(fd, F_SETFL, O_NONBLOCK);
    for (size_t bytes = 0;;) {
        ssize_t got = read(fd, out + bytes, max - bytes);
        if (got == 0)
            return bytes;
        if (got > 0) {
            bytes += static_cast<size_t>(got);
            if (bytes == max)
                refuse("writes too much");
            continue;
        }
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            refuse("cannot be read");
        int64_t left_ms = deadline_ms - steady_ms();
        if (left_ms <= 0)
            refuse("takes too long");
        wait_once(fd, left_ms, WaitFor::work);
    }
}

int reap(const Child& child) {
    int status = -1;
    while (waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

} // namespace

size_t run_key_command(const char* command, char* out, size_t max) {
    Child child = start(command);
    volatile size_t bytes = 0;
    PG_TRY();
    { bytes = read_all(child.fd, out, max); }
    PG_CATCH();
    {
        explicit_bzero(out, max);
        kill(-child.pid, SIGKILL);
        close(child.fd);
        reap(child);
        PG_RE_THROW();
    }
    PG_END_TRY();
    close(child.fd);
    // It closed its output: it is about to end, or is made to.
    kill(-child.pid, SIGTERM);
    int status = reap(child);
    const bool ended_by_us = WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM && bytes > 0;
    if (ended_by_us || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return bytes;
    explicit_bzero(out, max);
    refuse(WIFEXITED(status) ? psprintf("failed with exit code %d", WEXITSTATUS(status))
                             : psprintf("was ended by signal %d", WTERMSIG(status)));
}

} // namespace notion::pg
