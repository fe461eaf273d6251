/// SQLite, owned: connection, statements, transactions, numbered migrations.
#pragma once

#include "protocol/error.hpp"

#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

struct sqlite3;
struct sqlite3_stmt;

namespace two_path::state {

/// One prepared statement, bound and stepped. Reset (and its bindings cleared) when destroyed; the database
/// keeps it compiled. Throws DatabaseFailure, with SQLite's message, when SQLite fails: also when the disk is
/// full.
class Query {
  public:
    explicit Query(sqlite3_stmt* statement);
    Query(Query&& other) noexcept;
    Query& operator=(Query&&) = delete;
    ~Query();

    /// Binds the next `?`, in order; the value is copied. Throws std::out_of_range for a number over 2^63
    /// - 1.
    Query& bind(std::string_view text);
    Query& bind(const std::string& text) { return bind(std::string_view(text)); }
    Query& bind(const char* text) { return bind(std::string_view(text)); }
    Query& bind(bool flag) { return bind(flag ? 1 : 0); }
    Query& bind(double real);
    Query& bind(std::nullopt_t);
    template<std::integral Number>
    Query& bind(Number number) {
        if (!std::in_range<std::int64_t>(number))
            throw std::out_of_range("a number of the state is over 2^63 - 1");
        return bind_number(static_cast<std::int64_t>(number));
    }
    template<class T>
    Query& bind(const std::optional<T>& value) {
        return value ? bind(*value) : bind(std::nullopt);
    }
    template<class... Values>
    Query& with(const Values&... values) {
        (static_cast<void>(bind(values)), ...);
        return *this;
    }

    /// Steps; true while there is a row.
    bool next();
    /// Steps to the end; for statements without rows.
    void run();

    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] std::int64_t number(int column) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] bool null(int column) const;
    [[nodiscard]] std::optional<std::string> text_or_none(int column) const;
    [[nodiscard]] std::optional<std::int64_t> number_or_none(int column) const;

  private:
    Query& bind_number(std::int64_t number);
    void check(int code) const;

    sqlite3_stmt* statement_;
    int bound_{0};
};

/// A connection. Used by one thread at a time (the worker).
class Database {
  public:
    /// Opens or creates `file` (mode 0600) in WAL mode with full sync, foreign keys on, and brings it to the
    /// newest of `migrations`, which are never edited once released: migration N is migrations[N-1], each in
    /// a transaction of its own, counted in `PRAGMA user_version`. no_room, busy, io_error;
    /// bad_configuration: it cannot be opened, is empty, damaged or no database, or has a newer schema than
    /// this program knows (the detail names file, versions and what to do).
    [[nodiscard]] static Result<Database> open(const std::filesystem::path& file,
                                               std::span<const std::string_view> migrations);
    Database(Database&&) noexcept;
    Database& operator=(Database&&) noexcept;
    ~Database();

    /// A statement for `sql`; compiled once. One Query for the same text at a time.
    [[nodiscard]] Query query(std::string_view sql);
    /// Moves what the write-ahead log holds into the database and cuts the log to nothing, so that what was
    /// deleted can be read from neither. False when somebody else is just using the database, for whom
    /// nothing waits, or the disk is full: try again later.
    [[nodiscard]] bool empty_log();
    /// Writes without changing anything: false when the disk, or who holds the lock, does not let it.
    [[nodiscard]] bool can_write() noexcept;
    /// Rows changed by the last statement.
    [[nodiscard]] std::int64_t changes() const;

  private:
    friend class Transaction;
    struct Close {
        void operator()(sqlite3* connection) const noexcept;
    };
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept;
    };
    Database() = default;
    void execute(const std::string& sql);
    [[nodiscard]] std::int64_t pragma(const std::string& name);
    [[nodiscard]] Result<void> prepare_connection(const std::filesystem::path& file);
    /// A new one, at the newest of `migrations`, unless there is one by now. busy: another program makes it.
    [[nodiscard]] static Result<void> create(const std::filesystem::path& file,
                                             std::span<const std::string_view> migrations);
    [[nodiscard]] static Result<Database> open_file(const std::filesystem::path& file);
    /// Whether its pages are well-formed.
    [[nodiscard]] Result<void> check(const std::filesystem::path& file);
    [[nodiscard]] Result<void> migrate(const std::filesystem::path& file,
                                       std::span<const std::string_view> migrations);
    std::unique_ptr<sqlite3, Close> connection_;
    std::map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>, std::less<>> statements_;
};

/// Takes the write lock at once; rolls back when destroyed without commit(). Not nested, and never held
/// across a co_await: another coroutine of the worker would write into it.
class Transaction {
  public:
    explicit Transaction(Database& database);
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    ~Transaction();
    void commit();

  private:
    Database* database_;
    bool open_{true};
};

} // namespace two_path::state
