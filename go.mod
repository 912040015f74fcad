module plinth

go 1.25.0
