@api
Feature: Nobody reaches what belongs to somebody else
  Segment:          Free, Early, Mid and Enterprise
  Business goal:    Let rivals be customers of the same platform without a second thought
  Value impact:     What a customer owns cannot be read, changed or even guessed at by others
  Strategic impact: One breach between customers would end the business

  @API-02 @segment.free @segment.early @segment.mid @segment.enterprise
  Rule: What belongs to somebody else looks as if it had never existed, whatever way is tried

    @smoke
    Scenario Outline: Another customer finds nothing
      Given Acme is <a plan> customer who owns one of everything
      And Borealis is an Enterprise customer
      When Borealis tries every way to what Acme owns
      Then each way ends as if nothing were there
      And nothing of Acme's has changed
      And every one of these ways is open to Acme

      Examples:
        | a plan   |
        | a Free   |
        | an Early |

    @gate
    Scenario: A colleague finds nothing of what is not shared
      Given Acme is a Mid customer who owns one of everything
      And Ben of Acme is a member
      When Ben of Acme tries every way to what Acme owns
      Then each way ends as if nothing were there
      And nothing of Acme's has changed
      And every one of these ways is open to Acme
