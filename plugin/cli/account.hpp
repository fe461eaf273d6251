/// Which server the operator works with, and as whom: `account.json`, readable by its owner only.
#pragma once

#include "protocol/error.hpp"

#include <filesystem>
#include <string>

namespace two_path::cli {

struct Account {
    std::string server;            ///< `https://HOST[:PORT]`
    std::filesystem::path ca_file; ///< absolute; empty: the system's authorities
    std::string email;
    std::string token; ///< secret; empty before the first login
};

/// Of `folder`/account.json; an empty account when there is none. bad_configuration: it cannot be read.
[[nodiscard]] Result<Account> read_account(const std::filesystem::path& folder);
/// Makes the folder (mode 0700) where it is missing; the file has mode 0600 and is never half written.
[[nodiscard]] Result<void> write_account(const std::filesystem::path& folder, const Account& account);

} // namespace two_path::cli
