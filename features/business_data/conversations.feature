@business_data
Feature: Conversations belong to their owner
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Make conversations the place where users record their cost decisions
  Value impact:     Users find each past decision word for word, and colleagues cannot read or alter it
  Strategic impact: A complete and private decision history gives customers a reason to renew

  @DBL-02 @segment.free @segment.early @segment.mid @segment.enterprise
  @needs.conversations
  Rule: Conversations are stored for their owner and hidden from everyone else

    @smoke
    @needs.messages
    Scenario: A conversation reads back as it was written
      Given Acme is a Free customer
      When Acme creates a conversation with three messages
      Then Acme's conversation reads back as it was written

    @gate
    Scenario: Pages show each conversation once while others come and go
      Given Acme is a Mid customer with ten conversations
      When Acme pages through the conversations while some are deleted and others created
      Then the pages have shown each remaining conversation once, newest first

    @gate
    @needs.messages @needs.message_pages
    Scenario: Pages show each message once while more are added
      Given Acme is an Early customer with a long conversation
      When Acme pages through the messages while more are added
      Then the pages have shown each message once, oldest first

    @gate
    @needs.messages
    Scenario: A renamed conversation keeps its messages
      Given Acme is an Early customer with two conversations
      When Acme renames the first conversation
      Then Acme's first conversation reads back under its new title
      And Acme's second conversation reads back as it was written

    @gate
    @needs.messages @needs.message_moves
    Scenario: A move that is refused moves no message
      Given Acme is a Mid customer with two conversations
      When Acme moves two messages and one that does not exist to the second conversation
      Then the move is refused
      And Acme's first conversation reads back as it was written
      And Acme's second conversation reads back as it was written

    @gate
    @needs.own_database @needs.messages @needs.own_records
    Scenario: A deleted conversation is gone with all its messages
      Given Acme is an Enterprise customer with two conversations
      When Acme deletes the first conversation and then tries to read and change it
      Then every response is as if the conversation had never existed
      And the database holds nothing of the first conversation
      And Acme's second conversation reads back as it was written

    @gate
    @needs.partner
    Scenario: A conversation cannot be deleted while an agent is running in it
      Given Acme is a Mid customer
      And Acme has started an agent that waits for the partner
      When Acme deletes the agent's conversation before the partner responds
      Then the deletion is refused because an agent is running
      And Acme's run completes

    @gate
    @needs.colleagues @needs.messages
    Scenario Outline: Other users cannot read, change or guess a conversation
      Given Acme, Borealis and Ben of Acme each have a conversation
      When <others> try to read and change <owner> conversation
      Then every response is as if the conversation had never existed
      And Acme, Borealis and Ben of Acme each find their own conversation and no other
      And no conversation's ID can be derived from another's
      And <owner> conversation reads back as it was written

      Examples:
        | others                   | owner         |
        | Borealis and Ben of Acme | Acme's        |
        | Acme and Borealis        | Ben of Acme's |

    @nightly
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume
    @needs.partner
    Scenario: Conversations read as written in whatever order customers act
      When customers of several organisations act in any order, and most of them write and read
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
