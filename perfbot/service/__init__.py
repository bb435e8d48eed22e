"""perfbot as a service (ASGI): webhooks, pages and API."""
