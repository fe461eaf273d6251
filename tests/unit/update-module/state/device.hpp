/// A device as the module's program sees it: configuration, state, tree and installer in one folder.
#pragma once

#include "protocol/descriptor.hpp"
#include "tests/support/program.hpp"
#include "tests/unit/update-module/state/files.hpp"

#include <boost/json/serialize.hpp>

#include <string>
#include <vector>

namespace two_path::tests {

/// A device with an update in its tree that came as far as the inner module.
struct Device {
    TemporaryFolder folder;
    std::string state{(folder / "state").string()};
    std::string tree{(folder / "tree").string()};
    std::string modules{(folder / "modules").string()};
    std::string conf{(folder / "two-path.conf").string()};

    /// `keys`: more of two-path.conf.
    explicit Device(json::object keys = {}) {
        keys["state_dir"] = state;
        keys["modules_dir"] = modules;
        keys["mender_conf"] = (folder / "mender.conf").string();
        put(conf, json::serialize(keys));
    }

    void add_inner(const std::string& script, Reboot reboot = Reboot::as_installer) const {
        Descriptor descriptor;
        descriptor.release = "app-2.0";
        descriptor.version = "2.0";
        descriptor.stream = "app";
        descriptor.installer.type = "inner";
        descriptor.installer.reboot = reboot;
        put(tree + "/header/meta-data", json::serialize(to_json(descriptor)));
        std::filesystem::create_directories(tree + "/inner");
        put(modules + "/inner", "#!/bin/sh\necho \"$1\" >> " + (folder / "calls").string() + "\n" + script,
            true);
    }

    [[nodiscard]] Finished call(const std::string& state_name) const {
        return run({MODULE_PROGRAM, state_name, tree});
    }
    [[nodiscard]] Finished command(std::vector<std::string> words) const {
        const auto link = folder / "two-path-device";
        if (!std::filesystem::exists(link)) std::filesystem::create_symlink(MODULE_PROGRAM, link);
        words.insert(words.begin(), link.string());
        return run(std::move(words));
    }
    [[nodiscard]] Finished run(std::vector<std::string> words) const {
        words.insert(words.begin(), {"env", "TWO_PATH_CONF=" + conf});
        return run_program(words);
    }
    [[nodiscard]] std::string calls() const { return contents(folder / "calls"); }
};

} // namespace two_path::tests
