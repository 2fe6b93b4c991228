"""The API: receives the reports of servers, keeps every one, and answers from their history."""
