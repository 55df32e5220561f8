@business_data
Feature: Pages load quickly from a large archive
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Keep long-standing customers as satisfied with the speed as new ones
  Value impact:     A page of conversations appears immediately, after years of use and at the busiest hour
  Strategic impact: Customers may keep all their history, so we need no storage limits to stay fast

  @DBL-08 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.conversations @needs.messages @needs.own_services @needs.own_database
  Rule: A page of conversations loads quickly, however many there are

    @gate @exclusive @timing
    @needs.own_records
    Scenario: Pages arrive quickly from a large archive while others write
      Given a hundred users with fifty conversations of twenty messages each
      When some users page through their conversations while others write
      Then each reader has received all of their own conversations, newest first
      And everything that the others wrote is stored
      And no page requires a search through other users' conversations
      And at least 95 % of all pages arrive within the target time for pages of conversations

    @gate @exclusive @timing
    Scenario: Pages of recent conversations arrive quickly while others write
      Given twelve customers with fifty conversations each
      When some users page through their conversations while others write
      Then each reader has received all of their own conversations, newest first
      And at least 95 % of all pages arrive within the target time for pages of conversations
