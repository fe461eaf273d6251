#include "tests/unit/plugin/host/host_world.hpp"

#include "plugin/catalog/artifact_writer.hpp"
#include "plugin/control/message_head.hpp"
#include "plugin/host/embedded/tokens.hpp"
#include "plugin/host/embedded/users.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/test/unit_test.hpp>

#include <deque>
#include <future>

#include <unistd.h>

namespace two_path::tests {

std::string TestDevice::request_body() const {
    // With the line end that Mender's client 3.4 signs too.
    return json::serialize(
               json::object{{"id_data", id_data}, {"tenant_token", ""}, {"pubkey", key.public_pem()}}) +
           "\n";
}

control::Response TestDevice::authenticate(HostWorld& world) {
    const auto body = request_body();
    auto response = world.call("POST", auth_requests, body,
                               {{"X-MEN-Signature", key.sign(body)}, {"Authorization", "Bearer"}});
    if (response.status == 200) token = response.body;
    return response;
}

std::string UploadForm::body() const {
    return before +
           "--b0und\r\nContent-Disposition: form-data; name=\"artifact\"; filename=\"a;b.mender\"\r\n"
           "Content-Type: application/octet-stream\r\n\r\n" +
           artifact + after;
}

HostWorld::HostWorld(host::Acceptance acceptance) {
    settings_.state_dir = folder.path();
    settings_.acceptance = acceptance;
    settings_.clock = time.clock();
    restart();
}

HostWorld::~HostWorld() = default;

void HostWorld::restart() {
    router_.reset();
    host_.reset();
    database_.reset();
    const Executors executors{files_.get_executor(), files_.get_executor(), files_.get_executor()};
    auto opened = host::open_embedded_database(folder.path());
    host_ = host::EmbeddedHost::create(executors, settings_, std::move(opened.value())).value();
    router_ = std::make_unique<control::Router>();
    host_->add_routes(*router_);
    database_ = std::make_unique<state::Database>(host::open_embedded_database(folder.path()).value());
}

control::Response HostWorld::call(const std::string& method, std::string_view target, const std::string& body,
                                  control::Headers headers, std::size_t piece) {
    TextBody text(body, piece);
    return call(method, target, text, std::move(headers));
}

control::Request HostWorld::request_of(const std::string& method, std::string_view target, TextBody& body,
                                       control::Headers headers) const {
    control::Request request;
    request.method = method;
    control::read_target(target, request).value();
    headers.emplace("Host", "updates.example:8443");
    request.headers = std::move(headers);
    request.client = boost::asio::ip::make_address(client);
    request.id = "request-1";
    request.body = &body;
    return request;
}

control::Response HostWorld::call(const std::string& method, std::string_view target, TextBody& body,
                                  control::Headers headers) {
    auto request = request_of(method, target, body, std::move(headers));
    return run(router_->serve(request));
}

std::vector<control::Response> HostWorld::call_while(const std::function<void()>& happens, std::size_t count,
                                                     const std::string& method, std::string_view target,
                                                     const std::string& body,
                                                     const control::Headers& headers) {
    std::promise<void> go_on;
    boost::asio::post(files_, [wait = go_on.get_future().share()] { wait.wait(); });
    boost::asio::io_context loop;
    std::deque<TextBody> bodies;
    std::deque<control::Request> requests;
    std::vector<std::future<control::Response>> answers;
    for (std::size_t i = 0; i < count; ++i) {
        auto& request = requests.emplace_back(request_of(method, target, bodies.emplace_back(body), headers));
        answers.push_back(boost::asio::co_spawn(loop, router_->serve(request), boost::asio::use_future));
    }
    loop.poll();
    happens();
    go_on.set_value();
    loop.run();
    std::vector<control::Response> responses;
    for (auto& answer : answers)
        responses.push_back(answer.get());
    return responses;
}

control::Response HostWorld::as(const std::string& token, const std::string& method, std::string_view target,
                                const std::string& body) {
    return call(method, target, body, {{"Authorization", "Bearer " + token}});
}

control::Response HostWorld::as_user(const std::string& method, std::string_view target,
                                     const std::string& body) {
    return as(user_token(), method, target, body);
}

const std::string& HostWorld::user_token() {
    namespace embedded = host::embedded;
    if (!user_token_.empty()) return user_token_;
    const std::string user = "00000000-0000-4000-8000-000000000001";
    const std::string id = "00000000-0000-4000-8000-000000000002";
    database_
        ->query("INSERT INTO users (id, email, password, created) VALUES (?, 'operator@example.com', '', 0)")
        .with(user)
        .run();
    const auto now = time.unix_time / 1000;
    const auto ends = now + settings_.user_token_lifetime.count();
    BOOST_REQUIRE(embedded::add_user_token(*database_, {id, user, std::nullopt, now * 1000, ends * 1000}));
    const auto tokens = embedded::Tokens::open(folder.path() / "keys" / "tokens.pem");
    user_token_ = tokens.value().issue({embedded::TokenKind::user, id, user, now, ends});
    return user_token_;
}

TestDevice HostWorld::accepted_device(const std::string& mac) {
    TestDevice device;
    device.id_data = R"({"mac":")" + mac + R"("})";
    BOOST_REQUIRE_EQUAL(device.authenticate(*this).status, 200U);
    return device;
}

std::string HostWorld::id_of(const TestDevice& device) {
    const auto all = body_of(as_user("GET", std::string(devauth) + "?per_page=500"));
    for (const auto& shown : all.as_array())
        if (shown.at("identity_data") == json::parse(device.id_data))
            return std::string(shown.at("id").as_string());
    throw std::runtime_error("no such device");
}

control::Response HostWorld::upload(const UploadForm& form, std::size_t piece) {
    TextBody body(form.body(), piece);
    return upload(body);
}

control::Response HostWorld::upload(TextBody& body) {
    return call("POST", artifacts_path, body,
                {{"Authorization", "Bearer " + user_token()},
                 {"Content-Type", "multipart/form-data; boundary=b0und"}});
}

std::string HostWorld::add_artifact(const std::string& name, const std::string& type,
                                    const std::string& payload_type) {
    const auto response = upload({artifact_bytes(name, type, {}, payload_type)});
    BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
    return id_in_location(response);
}

std::string HostWorld::deploy(const std::string& artifact, bool forced) {
    const auto response = as_user("POST", deployments_path,
                                  json::serialize(json::object{{"name", "all"},
                                                               {"artifact_name", artifact},
                                                               {"all_devices", true},
                                                               {"force_installation", forced}}));
    BOOST_REQUIRE_MESSAGE(response.status == 201, response.body);
    return id_in_location(response);
}

json::value body_of(const control::Response& response) {
    return json::parse(response.body);
}

std::string bytes_of_answer(const control::Response& response) {
    if (!response.file) return response.body;
    std::string bytes(response.file->size, '\0');
    const auto got = ::pread(response.file->descriptor->get(), bytes.data(), bytes.size(),
                             static_cast<off_t>(response.file->offset));
    BOOST_REQUIRE_EQUAL(got, static_cast<ssize_t>(bytes.size()));
    return bytes;
}

std::string id_in_location(const control::Response& response) {
    const auto& location = response.headers.at("Location");
    return location.substr(location.rfind('/') + 1);
}

std::string artifact_bytes(const std::string& name, const std::string& type, json::object depends,
                           const std::string& payload_type) {
    depends["device_type"] = json::array{type};
    catalog::ArtifactContent content;
    content.payload_type = payload_type;
    content.provides = {{"artifact_name", name}};
    content.depends = std::move(depends);
    content.meta_data = {{"note", "of " + name}};
    content.members = {{"app", "content of " + name}};
    return catalog::write_artifact(content, {}).value();
}

std::string provides(const std::string& artifact_name, const std::string& type) {
    return json::serialize(json::object{
        {"device_provides", json::object{{"artifact_name", artifact_name}, {"device_type", type}}},
        {"update_control_map", true}});
}

} // namespace two_path::tests
