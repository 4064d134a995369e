# The module's own source, for tests about what must be nowhere in it.
output "files" {
  value = { for name in fileset("${path.module}/../..", "*.tf") : name => file("${path.module}/../../${name}") }
}
