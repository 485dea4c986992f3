"""What tests start from: a town in process, people, apps, browsers, and real servers."""
