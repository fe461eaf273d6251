/// Passwords as they are stored: scrypt (RFC 7914) with a salt of their own.
#pragma once

#include <string>
#include <string_view>

namespace two_path::host::embedded {

/// `scrypt$LOG2N$R$P$SALT$HASH` of a new salt. A fraction of a second of CPU and 32 MiB.
[[nodiscard]] std::string hash_password(std::string_view password);
/// Compares in constant time; false for a stored text that is none of hash_password()'s.
[[nodiscard]] bool password_matches(std::string_view password, std::string_view stored);
/// What to compare with when the user is unknown: the same work, and no password matches.
[[nodiscard]] std::string unmatched_password();

} // namespace two_path::host::embedded
