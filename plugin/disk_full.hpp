/// A disk without room is trouble that passes: it is no wrong setting, and nothing is given up for it.
#pragma once

#include <cerrno>

namespace two_path {

/// Whether an `errno` says that the disk, or the user's share of it, is full.
inline bool is_disk_full(int number) {
    return number == ENOSPC || number == EDQUOT;
}

} // namespace two_path
