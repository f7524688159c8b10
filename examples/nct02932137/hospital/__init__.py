"""The invented hospital behind the reference study: its people, and the files that its departments export."""
