package permissions

// own has the rows of types that a project adds to Plinth's. See docs/development.md, Add a
// resource.
var own = Table{}
