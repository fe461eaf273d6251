#include "plugin/state/backup.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <memory>

namespace two_path::state {
namespace {

/// Milliseconds: the plugin's commits are short.
constexpr int backup_busy_timeout = 30'000;

struct Close {
    void operator()(sqlite3* connection) const noexcept { sqlite3_close_v2(connection); }
};
struct Finalize {
    void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Error failed(const std::filesystem::path& file, sqlite3* connection) {
    const int code = connection == nullptr ? SQLITE_NOMEM : sqlite3_errcode(connection);
    const auto why = connection == nullptr ? "out of memory" : sqlite3_errmsg(connection);
    const auto reason = code == SQLITE_FULL                             ? Errc::no_room
                        : code == SQLITE_NOTADB || code == SQLITE_ERROR ? Errc::bad_configuration
                                                                        : Errc::io_error;
    return fail(reason, "the database " + file.string() + " cannot be copied: " + why);
}

/// The folder may be behind a link; the file in it, which may be another user's, may not.
Result<Connection> open(const std::filesystem::path& file) {
    std::error_code ec;
    const auto folder = std::filesystem::canonical(file.parent_path(), ec);
    if (ec) return fail(Errc::io_error, file.parent_path().string() + ": " + ec.message());
    sqlite3* raw = nullptr;
    constexpr int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW;
    const int code = sqlite3_open_v2((folder / file.filename()).c_str(), &raw, flags, nullptr);
    Connection connection(raw);
    if (code != SQLITE_OK) return failed(file, raw);
    sqlite3_busy_timeout(raw, backup_busy_timeout);
    return connection;
}

/// SQLite makes files with the process's mask, and this one has secrets in it.
class PrivateFiles {
  public:
    PrivateFiles()
      : before_(::umask(0077)) {}
    PrivateFiles(const PrivateFiles&) = delete;
    PrivateFiles& operator=(const PrivateFiles&) = delete;
    ~PrivateFiles() { ::umask(before_); }

  private:
    mode_t before_;
};

Result<Statement> prepare(sqlite3* connection, const std::filesystem::path& file, const std::string& sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v2(connection, sql.c_str(), -1, &raw, nullptr);
    Statement statement(raw);
    if (code != SQLITE_OK) return failed(file, connection);
    return statement;
}

Result<void> vacuum_into(sqlite3* connection, const std::filesystem::path& from,
                         const std::filesystem::path& to) {
    const auto statement = prepare(connection, from, "VACUUM INTO ?");
    if (!statement) return statement.error();
    sqlite3_bind_text(statement->get(), 1, to.c_str(), -1, SQLITE_TRANSIENT);
    if (sqlite3_step(statement->get()) != SQLITE_DONE) return failed(from, connection);
    return {};
}

/// The first column of what `sql` selects.
Result<std::vector<std::string>> texts(const std::filesystem::path& database, const char* sql) {
    const auto connection = open(database);
    if (!connection) return connection.error();
    const auto statement = prepare(connection->get(), database, sql);
    if (!statement) return statement.error();
    std::vector<std::string> all;
    int code = SQLITE_OK;
    while ((code = sqlite3_step(statement->get())) == SQLITE_ROW)
        all.emplace_back(reinterpret_cast<const char*>(sqlite3_column_text(statement->get(), 0)));
    if (code != SQLITE_DONE) return failed(database, connection->get());
    return all;
}

} // namespace

Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to,
                           const std::string& empty) {
    std::error_code ec;
    // SQLite itself would write over some.
    if (std::filesystem::exists(std::filesystem::symlink_status(to, ec)))
        return fail(Errc::conflict, to.string() + " is there already");
    const PrivateFiles only_ours;
    {
        const auto connection = open(from);
        if (!connection) return connection.error();
        if (auto copied = vacuum_into(connection->get(), from, to); !copied) return copied;
    }
    if (!empty.empty()) {
        const auto copy = open(to);
        if (!copy) return copy.error();
        const auto sql = "PRAGMA secure_delete=ON; DELETE FROM " + empty;
        if (sqlite3_exec(copy->get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
            return failed(to, copy->get());
    }
    const int file = ::open(to.c_str(), O_RDONLY | O_CLOEXEC);
    const bool synced = file >= 0 && ::fsync(file) == 0;
    if (file >= 0) ::close(file);
    if (!synced) return fail(Errc::io_error, to.string() + " cannot be synced");
    return {};
}

Result<std::vector<std::string>> payloads_of_releases(const std::filesystem::path& database) {
    return texts(database, "SELECT DISTINCT id FROM release_files WHERE size > 0 ORDER BY id");
}

Result<std::vector<std::string>> files_of_artifacts(const std::filesystem::path& database) {
    return texts(database, "SELECT sha256 FROM artifacts ORDER BY sha256");
}

} // namespace two_path::state
