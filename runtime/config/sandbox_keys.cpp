#include "config/sandbox_keys.h"

#include <array>
#include <filesystem>

#include "config/key_kinds.h"

namespace coffees::config {
namespace {

constexpr const char* kFilesForm =
    R"(files = ["model.bin", { from = "/usr/share/dict", to = "/data", write = false }])";
constexpr const char* kSecretsForm =
    R"(secrets = { NAME = { file = "name.txt" }, OTHER = { env = "OTHER" } })";
constexpr std::size_t kMostFiles = 256;

bool is_or_in(const std::string& path, const std::string& folder) {
  return path == folder || path.starts_with(folder + "/");
}

std::string normal(const std::string& path) {
  std::string text = std::filesystem::path(path).lexically_normal();
  while (text.size() > 1 && text.ends_with('/')) text.pop_back();
  return text;
}

// Where an entry without `to` stands: under its own relative path, or under its last name.
std::string default_place(const std::string& from) {
  const std::string path = normal(from);
  const bool leads_out = path.starts_with('/') || is_or_in(path, "..");
  return "/app/" + (leads_out ? std::filesystem::path(path).filename().string() : path);
}

// Empty when something may stand there.
std::string clash(const std::string& to) {
  static const std::array<std::string, 13> system{"/bin",  "/boot", "/dev",  "/etc", "/fn",  "/lib", "/proc",
                                                  "/root", "/run",  "/sbin", "/sys", "/tmp", "/usr"};
  if (to == "/" || to == "/app") return "it would hide " + to + " itself";
  for (const std::string& folder : system)
    if (is_or_in(to, folder)) return folder + " is the system's";
  for (const char* libraries : {"/lib32", "/lib64", "/libx32"})
    if (is_or_in(to, libraries)) return std::string(libraries) + " is the system's";
  return {};
}

std::string read_file_entry(const toml::node& node, FileEntry& entry) {
  if (const auto text = node.value_exact<std::string>()) {
    entry.from = *text;
  } else if (const toml::table* table = node.as_table()) {
    for (const auto& [name, value] : *table) {
      const auto flag = value.value_exact<bool>();
      const auto path = value.value_exact<std::string>();
      if (name == "from" && path)
        entry.from = *path;
      else if (name == "to" && path && !path->empty())
        entry.to = path->starts_with('/') ? normal(*path) : normal("/app/" + *path);
      else if (name == "write" && flag)
        entry.write = *flag;
      else
        return kFilesForm;
    }
  }
  if (entry.from.empty() || (entry.from + entry.to).find('\0') != std::string::npos) return kFilesForm;
  entry.placed = !entry.to.empty();
  if (!entry.placed) entry.to = default_place(entry.from);
  const std::string why = clash(normal(entry.to));
  if (why.empty() && !entry.to.ends_with("/.") && !entry.to.ends_with("/..")) return {};
  return fmt::format("\"{}\" cannot stand at {}: {}; name another place, to = \"/data\"", entry.from,
                     entry.to, why.empty() ? "it has no name there" : why);
}

std::string read_files(const toml::node& node, Function& function) {
  const toml::array* array = node.as_array();
  if (array == nullptr) return kFilesForm;
  if (array->size() > kMostFiles) return fmt::format("at most {} entries; name folders", kMostFiles);
  function.files.clear();
  for (const toml::node& element : *array) {
    FileEntry entry;
    if (std::string hint = read_file_entry(element, entry); !hint.empty()) return hint;
    for (const FileEntry& other : function.files)
      if (is_or_in(entry.to, other.to) || is_or_in(other.to, entry.to))
        return fmt::format("\"{}\" and \"{}\" stand in each other's place, at {} and {}", other.from,
                           entry.from, other.to, entry.to);
    function.files.push_back(std::move(entry));
  }
  return {};
}

std::string show_files(const Function& function) {
  std::string all = "[";
  for (const FileEntry& entry : function.files) {
    if (all.size() > 1) all += ", ";
    if (!entry.placed && !entry.write) {
      all += quoted(entry.from);
      continue;
    }
    all += "{ from = " + quoted(entry.from);
    if (entry.placed) all += ", to = " + quoted(entry.to);
    all += std::string(", write = ") + (entry.write ? "true" : "false") + " }";
  }
  return all + "]";
}

std::string read_secrets(const toml::node& node, Function& function) {
  const toml::table* table = node.as_table();
  if (table == nullptr) return kSecretsForm;
  for (const auto& [name, value] : *table) {
    const toml::table* source = value.as_table();
    if (source == nullptr || source->size() != 1) return kSecretsForm;
    const auto file = (*source)["file"].value_exact<std::string>();
    const auto variable = (*source)["env"].value_exact<std::string>();
    const std::string& text = file ? *file : variable.value_or("");
    if (text.empty() || text.find('\0') != std::string::npos) return kSecretsForm;
    if (!is_allowed_variable(name.str()))
      return fmt::format("{} cannot be set: LD_*, MALLOC_* and GLIBC_TUNABLES are refused", name.str());
    function.secrets[std::string(name.str())] = {
        file ? SecretSource::Kind::file : SecretSource::Kind::variable, text};
  }
  return {};
}

std::string show_secrets(const Function& function) {
  std::string all;
  for (const auto& [name, source] : function.secrets)
    all += fmt::format("{}{} = {{ {} = {} }}", all.empty() ? "{ " : ", ", quoted(name),
                       source.kind == SecretSource::Kind::file ? "file" : "env", quoted(source.name));
  return all.empty() ? "{}" : all + " }";
}

std::string read_programs(const toml::node& node, Function& function) {
  const auto value = node.value_exact<bool>();
  if (!value) return "true or false";
  function.programs = *value;
  return {};
}

}  // namespace

Key<Function> files_key() {
  return {
      .name = "files",
      .about =
          "Files and folders of the host that the function sees, under /app unless `to` says otherwise; "
          "read-only unless write = true. Relative paths start at this file's folder.",
      .read = read_files,
      .show = show_files,
      .schema =
          R"("type": "array", "items": {"oneOf": [{"type": "string"}, {"type": "object",)"
          R"( "additionalProperties": false, "required": ["from"], "properties": {"from": {"type": "string"},)"
          R"( "to": {"type": "string"}, "write": {"type": "boolean"}}}]})"};
}

Key<Function> network_key() {
  return choice<Function, NetworkKind>(
      "network", &Function::network,
      "none: a loopback interface of the function's own; host: the network of the server.",
      {{"none", NetworkKind::none}, {"host", NetworkKind::host}});
}

Key<Function> programs_key() {
  return {.name = "programs",
          .about = "true: the function sees the host's /usr/bin and /bin/sh, read-only.",
          .read = read_programs,
          .show = [](const Function& function) { return std::string(function.programs ? "true" : "false"); },
          .schema = R"("type": "boolean")"};
}

Key<Function> shm_key() {
  return size("shm", &Function::shm, "The private /dev/shm of a worker; 0B: it has none.", 0);
}

Key<Function> secrets_key() {
  return {
      .name = "secrets",
      .about = "Variables of the handler whose values come from a file or from the server's environment.",
      .read = read_secrets,
      .show = show_secrets,
      .schema =
          R"("type": "object", "additionalProperties": {"type": "object", "minProperties": 1,)"
          R"( "maxProperties": 1, "additionalProperties": false, "properties": {"file": {"type": "string"},)"
          R"( "env": {"type": "string"}}})",
      .hidden = true};
}

std::string opened(const Function& function) {
  std::string text;
  if (function.network == NetworkKind::host) text += ", network host";
  if (!function.files.empty()) text += fmt::format(", files {}", function.files.size());
  std::size_t writable = 0;
  for (const FileEntry& entry : function.files) writable += entry.write ? 1 : 0;
  if (writable > 0) text += fmt::format(" ({} writable)", writable);
  if (function.programs) text += ", programs";
  return text;
}

}  // namespace coffees::config
