#include "plugin/secret_file.hpp"

#include "plugin/durable_file.hpp"

#include <sys/stat.h>

namespace two_path {

Result<std::string> read_secret_file(const std::filesystem::path& file, std::size_t limit) {
    struct stat status {};
    if (::stat(file.c_str(), &status) == 0 && (status.st_mode & (S_IWGRP | S_IRWXO)) != 0)
        return fail(Errc::bad_configuration,
                    file.string() + ": others than its owner may use it; run chmod 600 on it (640 lets its "
                                    "group read)");
    auto text = read_small_file(file, limit);
    if (!text) return fail(Errc::bad_configuration, text.error().detail);
    text->erase(text->find_last_not_of(" \r\n\t") + 1);
    return text;
}

} // namespace two_path
