"""Places where the code is broken on purpose, each with the tests of which at least one must fail then.

A test is a program of the build (`unit-...`) or a file of tests/, and what its cases have in their name. `old` stands exactly
once in its file: tests/tools/test_mutants.py watches over that.
"""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Mutant:
    name: str
    file: str
    old: str
    new: str
    tests: tuple  # of (program or file, pattern)


MUTANTS = [
    Mutant("the device uses blocks that it did not compare", "update-module/bulk/block_verifier.cpp",
           "return digest_.finish() == list_.at(index);", "return digest_.finish().view().size() > 0;",
           (("tests/path/test_refusals.py", "tamper"),)),
    Mutant("the device believes any block list", "update-module/bulk/block_verifier.cpp",
           ".hex() != promised->second)", ".hex().empty())",
           (("unit-update-module", "block_verifier"),)),
    Mutant("any second certification information is taken", "protocol/certification.cpp",
           "return same(given, proof(party, input));", "return !given.empty() && !proof(party, input).empty();",
           (("tests/path/test_claims.py", "test_C3"), ("unit-protocol", "certification"))),
    Mutant("the certification lives on after the transfer", "plugin/state/admission.cpp",
           "    live_.erase(found);\n    if (on_dead_)", "    if (on_dead_)",
           (("tests/path/test_claims.py", "test_C5"),)),
    Mutant("a dead certification's transfer goes on", "plugin/state/admission.cpp",
           "if (on_dead_) on_dead_(session, why);", "static_cast<void>(why);",
           (("tests/path/test_refusals.py", "rejected_gets_no_more_bytes"),)),
    Mutant("the certification never expires", "plugin/state/admission.cpp",
           "return live.ends > store_.clock().steady();", "return live.ends > 0;",
           (("tests/path/test_refusals.py", "not_used_in_time"), ("unit-plugin", "admission"))),
    Mutant("a stranger's data connection is accepted", "ftp/data_channel.cpp",
           "if (options_.same_data_peer && unmapped(from).address() != owner_) continue;",
           "if (options_.same_data_peer && unmapped(from).address().is_unspecified()) continue;",
           (("unit-ftp", "a_stranger_at_the_data_port"),)),
    Mutant("push: every address may connect to the device", "update-module/bulk/ftp_listener_child.cpp",
           "options.only_from.push_back(unmapped(ftp::asio::ip::make_address(address)));",
           "options.only_from = {};",
           (("tests/path/test_push.py", ""),)),
    Mutant("any file of the catalog is served to a session", "plugin/state/admission.cpp",
           "const auto found = std::ranges::find(files, id, &File::id);",
           "const auto found = id.empty() ? files.end() : files.begin();",
           (("tests/path/test_refusals.py", "by_a_foreign_id"),)),
    Mutant("the device may have what is not deployed to it", "plugin/control/opening.cpp",
           "if (deployment->artifact_name != request.release)", "if (deployment->artifact_name.empty())",
           (("unit-plugin", "opening"), ("unit-plugin", "sessions"), ("tests/path/test_claims.py", "test_C6"))),
    Mutant("a session answers to another device", "plugin/control/sessions.cpp",
           "if (!found || found->device != device)", "if (!found || device.empty())",
           (("tests/path/test_nobody_gets_in.py", "another_device"),)),
    Mutant("the plugin ignores a mismatch", "plugin/control/confirming.cpp",
           "const bool equal = !found->version_check || report.version == found->version;",
           "const bool equal = !found->version_check || !found->version.empty();",
           (("tests/path/test_claims.py", "test_C11"),)),
    Mutant("the device ignores a mismatch while the plugin is away", "update-module/module_confirm.cpp",
           "if (*installed == descriptor.version) return {};", "if (!installed->empty()) return {};",
           (("tests/path/test_kills.py", "does_not_let_another_version_pass"),)),
    Mutant("a version that nobody asked for is taken", "plugin/control/confirming.cpp",
           "if (!session.nonce || *session.nonce != report.nonce || session.nonce_boot_id != report.boot_id)",
           "if (!session.nonce)",
           (("unit-plugin", "confirming"), ("unit-plugin", "sessions"))),
    Mutant("the sequence may go back", "update-module/module_download.cpp",
           "if (auto may = check_sequence(descriptor_, *committed, running_version_); !may) return may;",
           "if (auto may = check_sequence(descriptor_, *committed, running_version_); !may) say(may.error().detail);",
           (("tests/path/test_refusals.py", "below_the_sequence"),)),
    Mutant("the device takes any certificate", "update-module/control/trust.cpp",
           "context.set_verify_mode(boost::asio::ssl::verify_peer);",
           "context.set_verify_mode(boost::asio::ssl::verify_none);",
           (("unit-update-module", "https"), ("tests/path/test_device_troubles.py", "before_the_certificate"))),
    Mutant("the device takes a certificate of another name", "update-module/control/https_client.cpp",
           "stream.set_verify_callback(ssl::host_name_verification(host));", "",
           (("unit-update-module", "https"),)),
    Mutant("a record is not synced", "update-module/durable_file.cpp",
           " || ::fsync(file.get()) != 0) {\n            const int", ") {\n            const int",
           (("tests/path/test_kill_steps.py", ""),)),
    Mutant("the device acts, then persists", "update-module/record.hpp",
           "if (auto written = write(record); !written) return written.error();\n        return step();",
           "auto done = step();\n        if (auto written = write(record); !written) return written.error();\n"
           "        return done;",
           (("tests/path/test_kill_steps.py", ""),)),
    Mutant("SQLite does not sync", "plugin/state/database.cpp",
           '"PRAGMA synchronous=FULL;"', '"PRAGMA synchronous=OFF;"',
           (("unit-plugin", "database"), ("unit-plugin", "store"))),
    Mutant("a dead certification's bytes stay in the database", "plugin/state/database.cpp",
           '"PRAGMA secure_delete=ON;"', '"PRAGMA secure_delete=OFF;"',
           (("tests/path/test_claims.py", "test_C5"), ("unit-plugin", "state"))),
    Mutant("a name leads out of the catalog", "plugin/catalog/payloads.cpp",
           "if (!is_sha256_hex(id)) return fail(Errc::not_found, \"no payload has such a name\");", "",
           (("tests/path/test_nobody_gets_in.py", "leads_out"), ("unit-plugin", "payloads"))),
    Mutant("a download link may be made by anyone", "plugin/host/embedded/download_links.cpp",
           "CRYPTO_memcmp(given->data(), right.data(), right.size()) != 0)", "given->empty())",
           (("unit-plugin", "artifacts"),)),
    Mutant("an expired token lets in", "plugin/host/embedded/tokens.cpp",
           "if (now >= *expires)", "if (*expires == 0)",
           (("unit-plugin", "tokens"), ("tests/path/test_nobody_gets_in.py", "let_in"))),
    Mutant("an installer's failure is not noticed", "update-module/install/inner_module.cpp",
           "if (exit->ok()) return {};", "if (exit->ok() || !state.empty()) return {};",
           (("tests/path/test_refusals.py", "installer_that_fails"),)),
]
