#include "plugin/config.hpp"

#include "plugin/config_file.hpp"
#include "plugin/config_keys.hpp"

#include <boost/program_options/errors.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/value_semantic.hpp>

#include <algorithm>
#include <array>
#include <map>
#include <sstream>

namespace two_path {
namespace po = boost::program_options;
namespace {

constexpr std::string_view default_file = "/etc/two-path/two-path-server.conf";

/// The values given for one key, and where the last of them stands.
struct Given {
    std::vector<std::string> values;
    std::string place; ///< `FILE:LINE` or `--option`
};
using AllGiven = std::map<std::string, Given>;

po::options_description general_options() {
    po::options_description options("Options", 100);
    options.add_options()("help,h", "show this text")("version", "show the version")(
        "config,c", po::value<std::string>()->value_name("FILE"),
        "read this file, in place of /etc/two-path/two-path-server.conf")(
        "check-config", "check settings and files, then end")(
        "ports-file", po::value<std::string>()->value_name("FILE"),
        "when ready, write the ports listened on (https_port=N, ftp_port=N)")(
        "host", po::value<std::string>()->value_name("TYPE"), "the same as --host.type");
    return options;
}

po::options_description setting_options() {
    po::options_description options("Settings, as in the file (there: a [section] and the rest of the name)",
                                    100);
    for (const auto& key : config_keys())
        options.add_options()(key.name, po::value<std::string>()->value_name(key.argument), key.help);
    return options;
}

const ConfigKey* find_key(const std::string& name) {
    for (const auto& key : config_keys())
        if (name == key.name) return &key;
    return nullptr;
}

/// `[https], [ftp], ...`
std::string all_sections() {
    std::string list;
    for (const auto& key : config_keys()) {
        const std::string_view name = key.name;
        const auto dot = name.find('.');
        if (dot == std::string_view::npos) continue;
        const auto section = "[" + std::string(name.substr(0, dot)) + "]";
        if (list.find(section) == std::string::npos) list.append(list.empty() ? "" : ", ").append(section);
    }
    return list;
}

/// `known there: listen, certificate, ...`
std::string known_beside(const std::string& name) {
    const auto section = name.substr(0, name.find('.') + 1);
    std::string list;
    for (const auto& key : config_keys()) {
        const std::string_view known = key.name;
        const bool same = section.empty() ? known.find('.') == std::string_view::npos
                                          : known.substr(0, section.size()) == section;
        if (same) list.append(list.empty() ? "" : ", ").append(known.substr(section.size()));
    }
    if (list.empty()) return "there is no such section; known are " + all_sections();
    return "known there: " + list;
}

Result<AllGiven> given_in_file(const std::filesystem::path& file) {
    const auto entries = read_config(file);
    if (!entries) return entries.error();
    AllGiven all;
    for (const auto& entry : *entries) {
        auto place = file.string() + ":" + std::to_string(entry.line);
        const auto* key = find_key(entry.name);
        if (key == nullptr)
            return fail(Errc::bad_configuration,
                        place + ": unknown key " + entry.name + "; " + known_beside(entry.name));
        auto& given = all[entry.name];
        if (!given.values.empty() && !key->repeatable)
            return fail(Errc::bad_configuration, place + ": " + entry.name +
                                                     " is set a second time (before at " + given.place +
                                                     "); keep one of the lines");
        given.values.push_back(entry.value);
        given.place = std::move(place);
    }
    return all;
}

Result<void> apply(const AllGiven& all, Errc code, Settings& settings) {
    for (const auto& [name, given] : all) {
        auto place = code == Errc::bad_configuration ? given.place + ": " + name : given.place;
        if (const auto wrong = find_key(name)->apply(settings, given.values))
            return fail(code, place + (code == Errc::bad_configuration ? " " : ": ") + *wrong);
        settings.places[name] = std::move(place);
    }
    return {};
}

/// What the command line holds, sorted.
struct CommandLine {
    AllGiven settings;
    std::vector<std::string> words;
    std::optional<std::string> file;
    std::string ports_file;
    bool help{false};
    bool version{false};
    bool check{false};
};

Result<CommandLine> parse(const std::vector<std::string>& arguments) {
    po::options_description options;
    options.add(general_options()).add(setting_options());
    po::positional_options_description words;
    words.add("word", -1);
    options.add_options()("word", po::value<std::vector<std::string>>());
    constexpr auto style =
        po::command_line_style::unix_style & ~static_cast<unsigned>(po::command_line_style::allow_guessing);
    CommandLine line;
    try {
        const auto parsed = po::command_line_parser(arguments)
                                .options(options)
                                .positional(words)
                                .style(static_cast<int>(style))
                                .run();
        for (const auto& option : parsed.options) {
            const auto& name = option.string_key;
            const auto value = option.value.empty() ? std::string() : option.value.back();
            if (option.position_key >= 0)
                line.words.push_back(value);
            else if (name == "help")
                line.help = true;
            else if (name == "version")
                line.version = true;
            else if (name == "check-config")
                line.check = true;
            else if (name == "config")
                line.file = value;
            else if (name == "ports-file")
                line.ports_file = value;
            else {
                auto& given = line.settings[name == "host" ? "host.type" : name];
                given.values.push_back(value);
                given.place = "--" + name;
            }
        }
    } catch (const po::unknown_option& unknown) {
        return fail(Errc::bad_request, unknown.get_option_name() + ": unknown option; see --help");
    } catch (const po::error& error) {
        return fail(Errc::bad_request, std::string(error.what()) + "; see --help");
    }
    for (const auto& [name, given] : line.settings)
        if (given.values.size() > 1 && !find_key(name)->repeatable)
            return fail(Errc::bad_request, given.place + ": given twice; give it once");
    return line;
}

/// A command that takes one word.
struct CommandWord {
    std::string_view name;
    Command command;
    std::string_view needs;
    std::string_view shown;
};
constexpr std::array command_words{
    CommandWord{"create-user", Command::create_user, "e-mail address", "EMAIL"},
    CommandWord{"set-password", Command::set_password, "e-mail address", "EMAIL"},
    CommandWord{"backup", Command::backup, "folder", "FOLDER"},
    CommandWord{"restore", Command::restore, "folder", "FOLDER"},
};

Result<void> read_words(const std::vector<std::string>& words, Invocation& invocation) {
    if (words.empty()) return {};
    const auto& name = words.front();
    const auto* word = std::ranges::find(command_words, name, &CommandWord::name);
    if (word == command_words.end())
        return fail(Errc::bad_request, name + ": unknown command; there are create-user, set-password, "
                                              "backup and restore, see --help");
    if (invocation.command != Command::serve)
        return fail(Errc::bad_request, "--check-config: not with " + name + "; choose one");
    if (words.size() != 2)
        return fail(Errc::bad_request, name + ": needs one " + std::string(word->needs) + "; write " + name +
                                           " " + std::string(word->shown));
    invocation.command = word->command;
    if (word->shown == "EMAIL")
        invocation.email = words.back();
    else
        invocation.folder = std::filesystem::absolute(words.back());
    return {};
}

} // namespace

std::string ListenAddress::text() const {
    const auto host = address.to_string();
    return (address.is_v6() ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::string Settings::place_of(const std::string& key) const {
    const auto found = places.find(key);
    return found == places.end() ? key + " (default)" : found->second;
}

Result<Invocation> read_command_line(const std::vector<std::string>& arguments) {
    const auto line = parse(arguments);
    if (!line) return line.error();
    Invocation invocation;
    if (line->help || line->version) {
        invocation.command = line->help ? Command::help : Command::version;
        return invocation;
    }
    if (line->check) invocation.command = Command::check_config;
    if (const auto words = read_words(line->words, invocation); !words) return words.error();

    const std::filesystem::path file(line->file.value_or(std::string(default_file)));
    AllGiven in_file;
    if (line->file || std::filesystem::exists(file)) {
        auto given = given_in_file(file);
        if (!given) return given.error();
        in_file = std::move(*given);
        invocation.settings.file = file;
    }
    auto& settings = invocation.settings;
    if (const auto applied = apply(in_file, Errc::bad_configuration, settings); !applied)
        return applied.error();
    if (const auto applied = apply(line->settings, Errc::bad_request, settings); !applied)
        return applied.error();
    settings.ports_file = line->ports_file;

    if (const auto conflict = find_conflict(settings))
        return fail(line->settings.contains(conflict->key) ? Errc::bad_request : Errc::bad_configuration,
                    settings.place_of(conflict->key) + ": " + conflict->what);
    return invocation;
}

std::string help_text() {
    std::ostringstream text;
    text << "two-path-server: updates devices over two paths, HTTPS for control and FTP for the bulk\n\n"
            "  two-path-server [OPTION...]                      serve until SIGTERM\n"
            "  two-path-server [OPTION...] create-user EMAIL    add an operator\n"
            "  two-path-server [OPTION...] set-password EMAIL   change the password, and end all logins with "
            "it\n"
            "  two-path-server [OPTION...] backup FOLDER        copy the state, also while it is in use\n"
            "  two-path-server [OPTION...] restore FOLDER       fill an empty state_dir from a backup\n\n"
            "A password is asked for, or read as one line from standard input; it has 8 to 1024 bytes.\n\n"
         << general_options() << '\n'
         << setting_options()
         << "\nExit codes: 0 ended as asked, 1 failed, 2 wrong command line, 3 wrong configuration, 5 no "
            "such user,\n"
            "6 the user is there already, or another server uses the state.\n";
    return text.str();
}

} // namespace two_path
