#include "plugin/state/database.hpp"

#include "ftp/descriptor.hpp"
#include "plugin/disk_full.hpp"
#include "plugin/durable_file.hpp"
#include "plugin/state/database_failure.hpp"

#include <sqlite3.h>

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace two_path::state {
namespace {

/// WAL: readers (a backup, the sqlite3 shell) never block the worker, and a commit is one append and one
/// sync. synchronous=FULL: in WAL mode NORMAL may lose the last commits at a power cut, which would revive a
/// certification that was invalidated, or forget a step that the device was told is done.
/// secure_delete: a deleted certification's bytes are overwritten with zeros, not left in a free page.
/// foreign_keys: off by default in SQLite; events and certifications must not outlive their session.
constexpr const char* connection_settings = "PRAGMA synchronous=FULL;"
                                            "PRAGMA foreign_keys=ON;"
                                            "PRAGMA secure_delete=ON;"
                                            "PRAGMA trusted_schema=OFF;";

/// Milliseconds: the sqlite3 shell or `create-user` of another process may hold the lock for a moment.
constexpr int busy_timeout = 5000;
/// Of the question whether it can be written, while which everything else waits; ms.
constexpr int probe_timeout = 250;

std::string message_of(sqlite3* connection) {
    return connection == nullptr ? "out of memory" : sqlite3_errmsg(connection);
}

Errc reason_of(sqlite3* connection) {
    const int code = sqlite3_extended_errcode(connection);
    switch (code & 0xff) {
    case SQLITE_FULL:
        return Errc::no_room;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return Errc::busy;
    case SQLITE_IOERR:
        // The index of the write-ahead log grows by writing, too, and says nothing of why it could not.
        if (code == SQLITE_IOERR_SHMSIZE) return Errc::no_room;
        return is_disk_full(sqlite3_system_errno(connection)) ? Errc::no_room : Errc::io_error;
    case SQLITE_CANTOPEN:
        return is_disk_full(sqlite3_system_errno(connection)) ? Errc::no_room : Errc::bad_configuration;
    default:
        return Errc::bad_configuration;
    }
}

Error unusable(const std::filesystem::path& file, const std::string& why,
               Errc reason = Errc::bad_configuration) {
    return fail(reason, "the database " + file.string() + " " + why);
}

/// SQLite gives its -wal and -shm files the mode of the database, so it is made before SQLite could.
Result<void> make_private(const std::filesystem::path& file) {
    const int made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0)
        return unusable(file, "cannot be created: " + std::string(std::strerror(errno)),
                        is_disk_full(errno) ? Errc::no_room : Errc::bad_configuration);
    ::close(made);
    return {};
}

Result<void> keep_private(const std::filesystem::path& file) {
    std::error_code ec;
    using std::filesystem::perms;
    std::filesystem::permissions(file, perms::owner_read | perms::owner_write, ec);
    if (ec) return unusable(file, "cannot be made private: " + ec.message());
    if (std::filesystem::file_size(file, ec) == 0) // SQLite would take it for a new one
        return unusable(
            file, "is empty, what it held is lost: restore the backup, or remove the file to start anew");
    return {};
}

/// Only what is surely not there is made: beside a file that cannot be seen lies the log with its last
/// commits.
bool is_missing(const std::filesystem::path& file) {
    std::error_code ec;
    return std::filesystem::symlink_status(file, ec).type() == std::filesystem::file_type::not_found;
}

/// Held by the one program that makes a new database in the folder.
Result<ftp::Descriptor> lock_folder_of(const std::filesystem::path& file) {
    ftp::Descriptor folder(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return folder;
    if (folder && errno == EWOULDBLOCK)
        return unusable(file, "has to wait: another program is making one in this folder; try again",
                        Errc::busy);
    return unusable(file, "cannot be created: " + std::string(std::strerror(errno)));
}

} // namespace

DatabaseFailure::DatabaseFailure(sqlite3* connection, const std::string& where)
  : std::runtime_error("the state database failed: " + message_of(connection) + where)
  , reason_(reason_of(connection)) {}

Query::Query(sqlite3_stmt* statement)
  : statement_(statement) {}

Query::Query(Query&& other) noexcept
  : statement_(std::exchange(other.statement_, nullptr))
  , bound_(other.bound_) {}

Query::~Query() {
    if (statement_ == nullptr) return;
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

void Query::check(int code) const {
    if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
    throw DatabaseFailure(sqlite3_db_handle(statement_),
                          " in `" + std::string(sqlite3_sql(statement_)) + "`");
}

Query& Query::bind(std::string_view text) {
    const char* data = text.data() == nullptr ? "" : text.data();
    check(sqlite3_bind_text64(statement_, ++bound_, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}

Query& Query::bind(double real) {
    check(sqlite3_bind_double(statement_, ++bound_, real));
    return *this;
}

Query& Query::bind(std::nullopt_t) {
    check(sqlite3_bind_null(statement_, ++bound_));
    return *this;
}

Query& Query::bind_number(std::int64_t number) {
    check(sqlite3_bind_int64(statement_, ++bound_, number));
    return *this;
}

bool Query::next() {
    const int code = sqlite3_step(statement_);
    check(code);
    return code == SQLITE_ROW;
}

void Query::run() {
    while (next()) {
    }
}

std::string Query::text(int column) const {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement_, column));
    if (bytes == nullptr) return {};
    return {bytes, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::int64_t Query::number(int column) const {
    return sqlite3_column_int64(statement_, column);
}

double Query::real(int column) const {
    return sqlite3_column_double(statement_, column);
}

bool Query::null(int column) const {
    return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::optional<std::string> Query::text_or_none(int column) const {
    return null(column) ? std::nullopt : std::optional(text(column));
}

std::optional<std::int64_t> Query::number_or_none(int column) const {
    return null(column) ? std::nullopt : std::optional(number(column));
}

void Database::Close::operator()(sqlite3* connection) const noexcept {
    sqlite3_close_v2(connection);
}

void Database::Finalize::operator()(sqlite3_stmt* statement) const noexcept {
    sqlite3_finalize(statement);
}

Database::Database(Database&&) noexcept = default;
Database& Database::operator=(Database&&) noexcept = default;
Database::~Database() = default;

Result<Database> Database::open(const std::filesystem::path& file,
                                std::span<const std::string_view> migrations) {
    if (is_missing(file))
        if (auto made = create(file, migrations); !made) return made.error();
    if (auto ready = keep_private(file); !ready) return ready.error();
    auto database = open_file(file);
    if (!database) return database;
    if (auto sound = database->check(file); !sound) return sound.error();
    if (auto migrated = database->migrate(file, migrations); !migrated) return migrated.error();
    return database;
}

/// Whole, beside its place, and then put there: what ends in between leaves nothing that looks like a
/// database which lost what it held.
Result<void> Database::create(const std::filesystem::path& file,
                              std::span<const std::string_view> migrations) {
    const auto lock = lock_folder_of(file);
    if (!lock) return lock.error();
    if (!is_missing(file)) return {}; // another program has just made it
    const std::filesystem::path unfinished = file.string() + ".new";
    std::error_code ec;
    for (const auto* part :
         {".new", ".new-wal", ".new-shm", "-wal", "-shm"}) // of a database that is not there
        std::filesystem::remove(file.string() + part, ec);
    if (auto made = make_private(unfinished); !made) return made;
    {
        auto database = open_file(unfinished);
        if (!database) return database.error();
        if (auto migrated = database->migrate(unfinished, migrations); !migrated) return migrated;
        if (!database->empty_log()) return unusable(unfinished, "cannot be written", Errc::io_error);
    }
    std::filesystem::rename(unfinished, file, ec);
    if (ec) return unusable(file, "cannot be created: " + ec.message());
    return sync_folder(file.parent_path());
}

Result<Database> Database::open_file(const std::filesystem::path& file) {
    sqlite3* connection = nullptr;
    const int code = sqlite3_open_v2(file.c_str(), &connection, SQLITE_OPEN_READWRITE, nullptr);
    Database database;
    database.connection_.reset(connection);
    if (code != SQLITE_OK)
        return unusable(file, "cannot be opened: " + message_of(connection), reason_of(connection));
    if (auto prepared = database.prepare_connection(file); !prepared) return prepared.error();
    return database;
}

Result<void> Database::prepare_connection(const std::filesystem::path& file) {
    try {
        sqlite3_busy_timeout(connection_.get(), busy_timeout);
        execute(connection_settings);
        auto mode = query("PRAGMA journal_mode=WAL");
        if (!mode.next() || mode.text(0) != "wal")
            return unusable(file, "cannot use a write-ahead log; put the state on a local file system");
    } catch (const DatabaseFailure& failure) {
        return unusable(file, "cannot be used: " + std::string(failure.what()), failure.reason());
    }
    return {};
}

Result<void> Database::check(const std::filesystem::path& file) {
    const auto damaged = [&file](const std::string& how) {
        return unusable(file, "is damaged, restore the backup: " + how);
    };
    try {
        auto checked = query("PRAGMA quick_check(1)");
        if (!checked.next() || checked.text(0) != "ok") return damaged(checked.text(0));
    } catch (const DatabaseFailure& failure) {
        const int code = sqlite3_errcode(connection_.get());
        if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB) return damaged(failure.what());
        return unusable(file, "cannot be used: " + std::string(failure.what()), failure.reason());
    }
    return {};
}

Result<void> Database::migrate(const std::filesystem::path& file,
                               std::span<const std::string_view> migrations) {
    const auto newest = static_cast<std::int64_t>(migrations.size());
    try {
        while (true) {
            Transaction transaction(*this);
            const auto version = pragma("user_version");
            if (version > newest)
                return unusable(file, "has schema " + std::to_string(version) +
                                          ", this program knows up to " + std::to_string(newest) +
                                          ": install the newer program again, or restore the backup made "
                                          "before the upgrade");
            if (version == newest) return {};
            execute(std::string(migrations[static_cast<std::size_t>(version)]));
            execute("PRAGMA user_version=" + std::to_string(version + 1));
            transaction.commit();
        }
    } catch (const DatabaseFailure& failure) {
        return unusable(file, "cannot be brought to schema " + std::to_string(newest) + ": " + failure.what(),
                        failure.reason());
    }
}

void Database::execute(const std::string& sql) {
    if (sqlite3_exec(connection_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        throw DatabaseFailure(connection_.get(), "");
}

std::int64_t Database::pragma(const std::string& name) {
    auto asked = query("PRAGMA " + name);
    return asked.next() ? asked.number(0) : 0;
}

Query Database::query(std::string_view sql) {
    auto found = statements_.find(sql);
    if (found == statements_.end()) {
        sqlite3_stmt* statement = nullptr;
        const int code = sqlite3_prepare_v3(connection_.get(), sql.data(), static_cast<int>(sql.size()),
                                            SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
        if (code != SQLITE_OK) throw DatabaseFailure(connection_.get(), " in `" + std::string(sql) + "`");
        found = statements_.emplace(std::string(sql), statement).first;
    }
    return Query(found->second.get());
}

bool Database::empty_log() {
    auto* connection = connection_.get();
    sqlite3_busy_timeout(connection, 0);
    const int code =
        sqlite3_wal_checkpoint_v2(connection, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
    sqlite3_busy_timeout(connection, busy_timeout);
    if (code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_FULL) return false;
    if (code != SQLITE_OK) throw DatabaseFailure(connection, " while its write-ahead log was emptied");
    return true;
}

bool Database::can_write() noexcept {
    bool written = false;
    sqlite3_busy_timeout(connection_.get(), probe_timeout);
    try {
        Transaction transaction(*this);
        execute("PRAGMA user_version=" + std::to_string(pragma("user_version")));
        transaction.commit();
        written = true;
    } catch (const std::exception&) {
        written = false;
    }
    sqlite3_busy_timeout(connection_.get(), busy_timeout);
    return written;
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(connection_.get());
}

Transaction::Transaction(Database& database)
  : database_(&database) {
    database_->query("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
    if (open_) sqlite3_exec(database_->connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void Transaction::commit() {
    database_->query("COMMIT").run();
    open_ = false;
}

} // namespace two_path::state
