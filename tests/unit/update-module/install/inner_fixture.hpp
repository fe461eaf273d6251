/// A tree as the Mender client makes it, and shell scripts as inner modules in it.
#pragma once

#include "tests/unit/update-module/state/files.hpp"
#include "update-module/install/inner_download.hpp"
#include "update-module/install/inner_tree.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <memory>
#include <string>

namespace two_path::tests {

struct InnerWorld {
    TemporaryFolder folder;
    std::string tree{(folder / "tree").string()};
    std::string inner{install::inner_tree_of(tree)};
    std::string modules{(folder / "modules").string()};
    Descriptor descriptor;

    InnerWorld() {
        std::signal(SIGPIPE, SIG_IGN); // as block_signals() does in the module
        put(tree + "/version", "3");
        put(tree + "/current_artifact_name", "release-1\n");
        put(tree + "/current_device_type", "test-device");
        put(tree + "/header/artifact_name", "release-2");
        put(tree + "/header/payload_type", "two-path");
        put(tree + "/header/header-info",
            R"({"payloads":[{"type":"two-path"}],"artifact_provides":{"artifact_name":"release-2"}})");
        put(tree + "/header/type-info", R"({"type":"two-path"})");
        put(tree + "/header/meta-data", R"({"two_path":{}})");
        descriptor.installer.type = "inner";
        descriptor.installer.type_info = {{"type", "inner"}, {"artifact_provides", {{"k", "v"}}}};
        descriptor.installer.meta_data = {{"dest", "/opt"}};
    }

    /// An inner module; `$home` is this world's folder, each call is a line in `calls`.
    install::InnerModule module(const std::string& script) {
        put(modules + "/inner",
            "#!/bin/sh\nhome='" + folder.path().string() + "'\necho \"$1\" >> $home/calls\n" + script, true);
        BOOST_REQUIRE(install::make_inner_tree(tree, descriptor));
        auto found = install::InnerModule::find(modules, "inner", inner);
        BOOST_REQUIRE_MESSAGE(found, (found ? "" : found.error().message()));
        return std::move(*found);
    }

    [[nodiscard]] std::string calls() const { return contents(folder / "calls"); }

    static Deadline soon() { return Deadline::in(std::chrono::seconds{30}); }
};

/// Bytes in memory as a file for the inner module, given in pieces.
inline install::InnerFile inner_file(const std::string& name, const std::string& content) {
    auto open = [content]() -> Result<install::ReadBytes> {
        auto at = std::make_shared<std::size_t>(0);
        return install::ReadBytes([content, at](std::span<std::uint8_t> buffer) -> Result<std::size_t> {
            const auto piece = std::min<std::size_t>(buffer.size(), 10'000);
            const auto got = content.copy(reinterpret_cast<char*>(buffer.data()), piece, *at);
            *at += got;
            return got;
        });
    };
    return {name, content.size(), std::move(open), {}};
}

} // namespace two_path::tests
