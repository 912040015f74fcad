package permissions

// own are the types that a project's own stacks hold besides those that Plinth comes with. See
// docs/development.md, Add a resource.
var own = Table{}
